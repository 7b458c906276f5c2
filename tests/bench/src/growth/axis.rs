//! What grows.

use clap::ValueEnum;

use crate::deployment::{Size, Subject};
use crate::setup::{Population, Seed};

/// One quantity, everything else being the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Axis {
    /// Boards, each with a reader, edited in turn
    Boards,
    /// Notes on one board
    Notes,
    /// Events in the log of one board
    History,
    /// Members of one board
    Members,
    /// Gateways of a cluster
    Gateways,
    /// Workers of a cluster
    Workers,
}

/// Enough writers that none has to wait for its notes.
const WRITERS: usize = 20;

impl Axis {
    pub const ALL: [Self; 6] =
        [Self::Boards, Self::Notes, Self::History, Self::Members, Self::Gateways, Self::Workers];

    /// The name of the quantity.
    pub fn title(self) -> &'static str {
        match self {
            Self::Boards => "boards",
            Self::Notes => "notes on the board",
            Self::History => "events in the board's log",
            Self::Members => "members of the board",
            Self::Gateways => "gateways",
            Self::Workers => "workers",
        }
    }

    /// The quantities that are measured.
    pub fn values(self) -> &'static [usize] {
        match self {
            Self::Boards => &[1, 10, 100, 1_000, 10_000],
            Self::Notes => &[10, 100, 1_000],
            Self::History => &[0, 1_000, 10_000, 100_000, 1_000_000],
            Self::Members => &[1, 10, 100, 1_000, 5_000],
            Self::Gateways | Self::Workers => &[1, 2, 4],
        }
    }

    /// Whether this subject can grow in this way.
    pub fn applies_to(self, subject: Subject) -> bool {
        match self {
            Self::Gateways | Self::Workers => subject == Subject::Cluster,
            _ => !subject.is_peer(),
        }
    }

    /// The number of processes.
    pub fn size(self, value: usize) -> Size {
        match self {
            Self::Gateways => Size { gateways: value, ..Size::default() },
            Self::Workers => Size { workers: value, ..Size::default() },
            _ => Size::default(),
        }
    }

    /// The boards and clients.
    pub fn population(self, value: usize) -> Population {
        let on_one_board = Population { writers: 2, readers: 8, ..Population::default() };
        match self {
            Self::Boards => Population {
                boards: value,
                writers: WRITERS,
                notes_per_writer: 1,
                readers: value,
                writers_join: false,
                ..Population::default()
            },
            Self::Notes => Population { notes_per_writer: value / 2, ..on_one_board },
            Self::History | Self::Members => on_one_board,
            Self::Gateways | Self::Workers => {
                Population { boards: 10, writers: WRITERS, readers: 80, ..Population::default() }
            }
        }
    }

    /// What the board gets besides.
    pub fn seed(self, value: usize) -> Option<Seed> {
        match self {
            Self::History => Some(Seed::Edits(value)),
            Self::Members => Some(Seed::Members(value)),
            _ => None,
        }
    }
}
