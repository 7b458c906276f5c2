//! The subcommand `dead-letters`: lists, shows, replays and discards dead letters.

use std::io::{self, Write};

use sockbit_application::ports::Ids;
use sockbit_rabbitmq::{
    ConnectError, DeadLetter, DeadLetterAdmin, DeadLetterAdminError, InvalidSettings, Settings,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock_and_ids::RandomIds;
use crate::config::{DeadLetterAction, ServerBus};

/// Why the subcommand failed.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The settings of the bus are invalid.
    #[error("--bus: {0}")]
    Settings(#[from] InvalidSettings),
    /// The bus cannot be reached.
    #[error(transparent)]
    Bus(#[from] ConnectError),
    /// The operation failed.
    #[error(transparent)]
    Admin(#[from] DeadLetterAdminError),
    /// The output was closed.
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs one action and writes its result.
pub async fn run(
    bus: &ServerBus,
    action: &DeadLetterAction,
    out: &mut impl Write,
) -> Result<(), DeadLetterError> {
    let settings = Settings::new(bus.url.expose(), bus.keys.clone(), RandomIds.mint())?
        .work_queues(bus.work_queues)?
        .namespace(&bus.namespace)?;
    let admin = DeadLetterAdmin::open(settings).await?;
    match action {
        DeadLetterAction::List => list(&admin.list().await?, out)?,
        DeadLetterAction::Show { id } => show(&admin.find(id).await?, out)?,
        DeadLetterAction::Replay { id } => {
            for message in admin.replay(admin.find(id).await?).await? {
                writeln!(out, "sent again as {message}")?;
            }
        }
        DeadLetterAction::Drop { id } => {
            admin.discard(admin.find(id).await?).await?;
            writeln!(out, "{id} is discarded")?;
        }
    }
    admin.close().await;
    Ok(())
}

fn list(dead_letters: &[DeadLetter], out: &mut impl Write) -> io::Result<()> {
    if dead_letters.is_empty() {
        return writeln!(out, "There are no dead letters.");
    }
    for dead_letter in dead_letters {
        let DeadLetter { id, origin, reason, .. } = dead_letter;
        writeln!(out, "{id}  {}  {origin}  {}", time_of(dead_letter), one_line(reason))?;
    }
    Ok(())
}

fn show(dead_letter: &DeadLetter, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "id      {}", dead_letter.id)?;
    writeln!(out, "when    {}", time_of(dead_letter))?;
    writeln!(out, "origin  {}", dead_letter.origin)?;
    writeln!(out, "reason  {}", one_line(&dead_letter.reason))?;
    writeln!(out, "bytes   {}", dead_letter.bytes.len())?;
    match &dead_letter.commands {
        Ok(commands) => {
            for command in commands {
                writeln!(out, "command {}", command.message)?;
                writeln!(out, "trace   {}", command.trace)?;
                writeln!(out, "board   {}", command.board)?;
                writeln!(out, "actor   {} ({})", command.actor.id, command.actor.name)?;
                writeln!(out, "body    {}", command.body)?;
            }
            Ok(())
        }
        Err(reason) => {
            writeln!(out, "unreadable: {}", one_line(reason))?;
            writeln!(out, "{}", one_line(&String::from_utf8_lossy(&dead_letter.bytes)))
        }
    }
}

fn time_of(dead_letter: &DeadLetter) -> String {
    let seconds = dead_letter.seconds.and_then(|it| i64::try_from(it).ok());
    let time = seconds.and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    time.and_then(|it| it.format(&Rfc3339).ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// Replaces control characters, so that the text cannot move the terminal's cursor.
fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
