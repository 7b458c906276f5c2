//! What a person does about commands that were set aside.

use std::io::{self, Write};

use sockbit_application::ports::Ids;
use sockbit_rabbitmq::{
    ConnectError, DeadLetter, DeadLetterAdmin, DeadLetterAdminError, InvalidSettings, Settings,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock_and_ids::RandomIds;
use crate::config::{DeadLetterAction, ServerBus};

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// What was said of the bus.
    #[error("--bus: {0}")]
    Settings(#[from] InvalidSettings),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] ConnectError),
    /// The letter.
    #[error(transparent)]
    Admin(#[from] DeadLetterAdminError),
    /// The one who asked is gone.
    #[error("the answer could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Does what is wished, and tells about it.
pub async fn attend(
    bus: &ServerBus,
    wish: &DeadLetterAction,
    out: &mut impl Write,
) -> Result<(), DeadLetterError> {
    let settings = Settings::new(bus.url.expose(), bus.keys.clone(), RandomIds.mint())?
        .work_queues(bus.work_queues)?
        .namespace(&bus.namespace)?;
    let desk = DeadLetterAdmin::open(settings).await?;
    match wish {
        DeadLetterAction::List => list(&desk.letters().await?, out)?,
        DeadLetterAction::Show { id } => show(&desk.letter_with(id).await?, out)?,
        DeadLetterAction::Replay { id } => {
            for message in desk.replay(desk.letter_with(id).await?).await? {
                writeln!(out, "sent again as {message}")?;
            }
        }
        DeadLetterAction::Drop { id } => {
            desk.drop_letter(desk.letter_with(id).await?).await?;
            writeln!(out, "{id} is thrown away")?;
        }
    }
    desk.close().await;
    Ok(())
}

fn list(letters: &[DeadLetter], out: &mut impl Write) -> io::Result<()> {
    if letters.is_empty() {
        return writeln!(out, "There are no dead letters.");
    }
    for letter in letters {
        let DeadLetter { id, origin, reason, .. } = letter;
        writeln!(out, "{id}  {}  {origin}  {}", moment(letter), one_line(reason))?;
    }
    Ok(())
}

fn show(letter: &DeadLetter, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "id      {}", letter.id)?;
    writeln!(out, "when    {}", moment(letter))?;
    writeln!(out, "origin  {}", letter.origin)?;
    writeln!(out, "reason  {}", one_line(&letter.reason))?;
    writeln!(out, "bytes   {}", letter.bytes.len())?;
    match &letter.commands {
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
            writeln!(out, "{}", one_line(&String::from_utf8_lossy(&letter.bytes)))
        }
    }
}

fn moment(letter: &DeadLetter) -> String {
    let seconds = letter.seconds.and_then(|it| i64::try_from(it).ok());
    let moment = seconds.and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    moment.and_then(|it| it.format(&Rfc3339).ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// What strangers wrote does not move the cursor of whoever reads it.
fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
