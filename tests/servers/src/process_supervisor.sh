# Runs one program and outlives whoever asked for it, by as long as it takes to end the program.
#
# Standard input is a pipe whose other end the asker holds. A word on it says how to end; its end without a word
# means that the asker is gone, however it went. Standard output stays open until everything has ended.
#
# Arguments: the folder, the program's name there, the signal that ends it at once and without traces, what to remove
# when the asker is gone (or nothing), then the program and its arguments.

folder=$1 name=$2 signal=$3 removed=$4
shift 4
log=$folder/$name.log
# Says that the process id may be somebody else's by now.
over=$folder/$name.over
rm -f "$over"
exec 3<&0 </dev/null 2>>"$log"

"$@" >>"$log" 2>&1 3<&- &
program=$!

# The process and all below it: servers give their children groups and sessions of their own.
family() {
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        family "$child"
    done
}

# A process that only waits to be reaped has no program any more.
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

# Signals the program and waits; whatever is left of its family then is killed.
end() {
    all=$(family "$program")
    if [ "$1" != KILL ]; then
        kill -"$1" "$program"
        wait_for_all "$2" $all
    fi
    kill -KILL $all
    wait_for_all 50 $all
} 2>/dev/null

(
    # The output goes on to the asker, who learns from its end that this is done.
    read -r word signalled <&3
    if [ ! -e "$over" ]; then
        case $word in
        stop) end "$signalled" 300 ;;
        kill) end KILL 0 ;;
        *) end "$signal" 100 ;;
        esac
    fi
    if [ -z "$word" ] && [ -n "$removed" ]; then
        cd /
        tries=100
        until { [ -e "$over" ] || [ ! -d "$folder" ]; } && rm -rf "$removed"; do
            # The folder may be shared with programs that are about to end.
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
