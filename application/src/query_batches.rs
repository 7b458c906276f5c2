//! Queries of which many travel as one message: how they form a batch, and what its reply holds.

use sockbit_domain::Rejection;

use crate::bus_messages::{
    Admission, AdmissionQuery, CoreQuery, CoreReply, EventPage, EventsQuery,
};

/// A kind of query that can be sent alone or in a batch.
pub trait BatchableQuery: Clone + Send + Sync + Sized + 'static {
    /// The reply to one query.
    type Reply: Send + 'static;

    /// Queries in one batch. Its reply has to stay small, too.
    const BATCH_MAX: usize;

    /// The query alone.
    fn single(self) -> CoreQuery;

    /// The queries in one message.
    fn batch(queries: Vec<Self>) -> CoreQuery;

    /// Reads the reply to a single query; `None` if the store was unavailable.
    fn read_reply(reply: CoreReply) -> Option<Self::Reply>;

    /// Reads the reply to a batch: one for each query, in the same order, and `None` for each that
    /// could not be answered.
    fn read_replies(reply: CoreReply) -> Option<Vec<Option<Self::Reply>>>;

    /// The reply to a single query.
    fn reply(reply: Self::Reply) -> CoreReply;

    /// The reply to a batch.
    fn replies(replies: Vec<Option<Self::Reply>>) -> CoreReply;
}

impl BatchableQuery for AdmissionQuery {
    type Reply = Result<Admission, Rejection>;

    const BATCH_MAX: usize = 256;

    fn single(self) -> CoreQuery {
        CoreQuery::Admission(self)
    }

    fn batch(queries: Vec<Self>) -> CoreQuery {
        CoreQuery::Admissions(queries)
    }

    fn read_reply(reply: CoreReply) -> Option<Self::Reply> {
        match reply {
            CoreReply::Admission(admission) => Some(admission),
            _ => None,
        }
    }

    fn read_replies(reply: CoreReply) -> Option<Vec<Option<Self::Reply>>> {
        match reply {
            CoreReply::Admissions(admissions) => Some(admissions),
            _ => None,
        }
    }

    fn reply(reply: Self::Reply) -> CoreReply {
        CoreReply::Admission(reply)
    }

    fn replies(replies: Vec<Option<Self::Reply>>) -> CoreReply {
        CoreReply::Admissions(replies)
    }
}

impl BatchableQuery for EventsQuery {
    type Reply = EventPage;

    const BATCH_MAX: usize = 64;

    fn single(self) -> CoreQuery {
        CoreQuery::Events(self)
    }

    fn batch(queries: Vec<Self>) -> CoreQuery {
        CoreQuery::EventPages(queries)
    }

    fn read_reply(reply: CoreReply) -> Option<Self::Reply> {
        match reply {
            CoreReply::Events(events) => Some(EventPage::Events(events)),
            CoreReply::HistoryDiverged => Some(EventPage::HistoryDiverged),
            _ => None,
        }
    }

    fn read_replies(reply: CoreReply) -> Option<Vec<Option<Self::Reply>>> {
        match reply {
            CoreReply::EventPages(pages) => Some(pages),
            _ => None,
        }
    }

    fn reply(reply: Self::Reply) -> CoreReply {
        match reply {
            EventPage::Events(events) => CoreReply::Events(events),
            EventPage::HistoryDiverged => CoreReply::HistoryDiverged,
        }
    }

    fn replies(replies: Vec<Option<Self::Reply>>) -> CoreReply {
        CoreReply::EventPages(replies)
    }
}
