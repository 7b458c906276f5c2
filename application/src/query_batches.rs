//! Queries of which many travel as one message: how they form a batch, and what its reply holds.

use sockbit_domain::Rejection;

use crate::bus_messages::{
    Admission, AdmissionQuery, CoreQuery, CoreReply, EventPage, EventsQuery,
};

/// A kind of query that can be sent alone or in a batch.
pub trait BatchableQuery: Send + Sync + Sized + 'static {
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

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};
    use sockbit_domain::{Role, Seq};

    use super::*;
    use crate::test_fixtures::{board_id, person, position};

    fn admission_query() -> AdmissionQuery {
        AdmissionQuery { actor: person(1).id, board: board_id(2), position: Some(position(3)) }
    }

    fn events_query() -> EventsQuery {
        EventsQuery { board: board_id(2), after: Seq(3), id: Some(position(3).event) }
    }

    #[test]
    fn single_queries_have_the_json_that_earlier_versions_read() {
        let (actor, board, event) = (person(1).id, board_id(2), position(3).event);
        let fields = json!({
            "actor": actor, "board": board, "position": { "seq": 3, "event": event }
        });
        let json = json!({ "admission": fields });
        assert_eq!(to_value(admission_query().single()).expect("it is JSON"), json);
        assert_eq!(from_value::<CoreQuery>(json).expect("a query"), admission_query().single());

        let json = json!({ "events": { "board": board, "after": 3, "id": event } });
        assert_eq!(to_value(events_query().single()).expect("it is JSON"), json);
        assert_eq!(from_value::<CoreQuery>(json).expect("a query"), events_query().single());

        let without_id = EventsQuery { id: None, ..events_query() }.single();
        let json = json!({ "events": { "board": board, "after": 3 } });
        assert_eq!(to_value(&without_id).expect("it is JSON"), json);
        assert_eq!(from_value::<CoreQuery>(json).expect("a query"), without_id);
    }

    #[test]
    fn the_reply_to_a_batch_has_one_item_for_each_query() {
        let admission = Admission { role: Role::Editor, head: position(3), resumable: true };
        let replies = vec![Some(Ok(admission)), None, Some(Err(Rejection::not_found()))];
        let reply = AdmissionQuery::replies(replies.clone());
        let json = to_value(&reply).expect("it is JSON");
        assert_eq!(json.pointer("/admissions/1"), Some(&json!(null)));
        assert_eq!(from_value::<CoreReply>(json).expect("a reply"), reply);
        assert_eq!(AdmissionQuery::read_replies(reply), Some(replies));

        let replies = vec![Some(EventPage::HistoryDiverged), None];
        let reply = EventsQuery::replies(replies.clone());
        let json = json!({ "event_pages": ["history_diverged", null] });
        assert_eq!(to_value(&reply).expect("it is JSON"), json);
        assert_eq!(EventsQuery::read_replies(reply), Some(replies));
    }

    #[test]
    fn a_reply_to_another_query_is_not_read() {
        assert_eq!(AdmissionQuery::read_reply(CoreReply::Events(Vec::new())), None);
        assert_eq!(EventsQuery::read_reply(CoreReply::Unavailable), None);
        assert_eq!(AdmissionQuery::read_replies(CoreReply::EventPages(Vec::new())), None);
        assert_eq!(EventsQuery::read_replies(CoreReply::Unavailable), None);
    }
}
