# Runs one program and ends it when its owner ends, even if the owner is killed.
#
# Standard input is a pipe that only the owner holds. A line on it is a command that ends the program; the end of the
# input without a line means that the owner has ended. Standard output stays open until every process has ended.
#
# Arguments: the folder, the program's name in it, the signal that ends the program immediately and cleanly, the path to
# remove when the owner has ended (or nothing), then the program and its arguments.

folder=$1 name=$2 signal=$3 removed=$4
shift 4
log=$folder/$name.log
# Exists once the program has ended: its process id may be reused.
over=$folder/$name.over
rm -f "$over"
exec 3<&0 </dev/null 2>>"$log"

"$@" >>"$log" 2>&1 3<&- &
program=$!

# The process and its descendants: servers give their children groups and sessions of their own.
descendants() {
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        descendants "$child"
    done
}

# A zombie process has no program.
runs() {
    [ -e /proc/"$1"/exe ]
}

wait_for_all() {
    tenths=$1
    shift
    for one in "$@"; do
        while runs "$one" && [ "$tenths" -gt 0 ]; do
            sleep 0.1
            tenths=$((tenths - 1))
        done
    done
}

# Signals the program and waits, then kills its remaining descendants.
end() {
    all=$(descendants "$program")
    if [ "$1" != KILL ]; then
        kill -"$1" "$program"
        wait_for_all "$2" $all
    fi
    kill -KILL $all
    wait_for_all 50 $all
} 2>/dev/null

(
    # Standard output stays open here; its end tells the owner that all processes have ended.
    read -r command signal_given <&3
    if [ ! -e "$over" ]; then
        case $command in
        stop) end "$signal_given" 300 ;;
        kill) end KILL 0 ;;
        *) end "$signal" 100 ;;
        esac
    fi
    if [ -z "$command" ] && [ -n "$removed" ]; then
        cd /
        tries=100
        until { [ -e "$over" ] || [ ! -d "$folder" ]; } && rm -rf "$removed"; do
            # Other programs that are about to end may share the folder.
            tries=$((tries - 1))
            [ "$tries" -gt 0 ] || break
            sleep 0.1
        done
    fi
) &

exec 3<&-
wait "$program"
status=$?
[ -d "$folder" ] && : >"$over"
exit "$status"
