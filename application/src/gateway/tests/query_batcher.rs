//! How queries of many callers form batches.

use std::task::Poll;

use futures::FutureExt;
use sockbit_domain::{Rejection, Seq};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::*;
use crate::bus_messages::{AdmissionQuery, EventsQuery};
use crate::gateway::query_batcher::QueryBatcher;
use crate::test_fixtures::{board_id, position};

/// A query on the bus, and the sender of its reply.
type SentQuery = (CoreQuery, oneshot::Sender<QueryResult>);

/// A bus on which the test replies.
struct ObservedQueries(mpsc::UnboundedSender<SentQuery>);

#[async_trait]
impl Queries for ObservedQueries {
    async fn query(&self, query: CoreQuery) -> QueryResult {
        let (sender, reply) = oneshot::channel();
        self.0.send((query, sender)).expect("the test runs");
        reply.await.expect("the test replies")
    }
}

/// A running batcher of admissions.
struct BatcherFixture {
    batcher: Arc<QueryBatcher<AdmissionQuery>>,
    sent: mpsc::UnboundedReceiver<SentQuery>,
    running: JoinHandle<()>,
}

impl BatcherFixture {
    fn start() -> Self {
        let (sender, sent) = mpsc::unbounded_channel();
        let batcher = Arc::new(QueryBatcher::new(Arc::new(ObservedQueries(sender)) as _));
        let runs = Arc::clone(&batcher);
        let running = tokio::spawn(async move { runs.run().await });
        Self { batcher, sent, running }
    }

    /// Starts callers that ask for these boards.
    fn spawn_callers(&self, boards: impl IntoIterator<Item = u64>) -> Vec<JoinHandle<Option<u64>>> {
        let caller = |board| {
            let batcher = Arc::clone(&self.batcher);
            tokio::spawn(async move { head(batcher.query(admission_query(board)).await) })
        };
        boards.into_iter().map(caller).collect()
    }

    /// The next query on the bus.
    async fn next(&mut self) -> SentQuery {
        timeout(DEADLINE, self.sent.recv()).await.expect("a query in time").expect("it runs")
    }

    /// Sends queries for the boards 1 to 4, one batch each, which are not answered.
    async fn fill_in_flight(&mut self) -> (Vec<JoinHandle<Option<u64>>>, Vec<SentQuery>) {
        let (mut callers, mut in_flight) = (Vec::new(), Vec::new());
        for board in 1..=4 {
            callers.extend(self.spawn_callers([board]));
            in_flight.push(self.next().await);
        }
        (callers, in_flight)
    }

    /// The boards of the next queries on the bus, which all get their replies.
    async fn serve(&mut self) -> Vec<u64> {
        let (query, reply) = self.next().await;
        let boards = boards(&query);
        let replies = boards.iter().map(|board| Some(Ok(admission_to(*board))));
        let replies = if let CoreQuery::Admission(_) = query {
            replies.flatten().map(CoreReply::Admission).next().expect("one query")
        } else {
            CoreReply::Admissions(replies.collect())
        };
        reply.send(Ok(replies)).expect("the batcher waits");
        boards
    }
}

impl Drop for BatcherFixture {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn admission_query(board: u64) -> AdmissionQuery {
    AdmissionQuery { actor: person(1).id, board: board_id(board), position: None }
}

/// An admission by which the board can be recognised.
fn admission_to(board: u64) -> Admission {
    Admission { role: Role::Owner, head: position(board), resumable: true }
}

/// The number of the board to which a query was answered.
fn head(result: Result<Result<Admission, Rejection>, Unavailable>) -> Option<u64> {
    Some(result.ok()?.ok()?.head.seq.0)
}

fn boards(query: &CoreQuery) -> Vec<u64> {
    let board = |it: &AdmissionQuery| it.board.0.as_u64_pair().1;
    match query {
        CoreQuery::Admission(query) => vec![board(query)],
        CoreQuery::Admissions(batch) => batch.iter().map(board).collect(),
        other => panic!("not an admission: {other:?}"),
    }
}

async fn answers(callers: Vec<JoinHandle<Option<u64>>>) -> Vec<Option<u64>> {
    let answers = join_all(callers).await;
    answers.into_iter().map(|it| it.expect("no panic")).collect()
}

#[tokio::test]
async fn one_query_is_sent_in_the_form_of_earlier_versions() {
    let mut fixture = BatcherFixture::start();
    let callers = fixture.spawn_callers([7]);
    let (query, reply) = fixture.next().await;
    assert_eq!(query, CoreQuery::Admission(admission_query(7)));
    reply.send(Ok(CoreReply::Admission(Ok(admission_to(7))))).expect("the batcher waits");
    assert_eq!(answers(callers).await, [Some(7)]);
}

#[tokio::test]
async fn queries_of_one_turn_are_one_batch_and_get_their_own_replies() {
    let mut fixture = BatcherFixture::start();
    let callers = fixture.spawn_callers(1..=100);
    assert_eq!(fixture.serve().await, (1..=100).collect::<Vec<_>>());
    assert_eq!(answers(callers).await, (1..=100).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn queries_wait_for_one_of_four_batches_and_are_the_next_one() {
    let mut fixture = BatcherFixture::start();
    let (mut callers, in_flight) = fixture.fill_in_flight().await;
    for n in 5..=9 {
        callers.extend(fixture.spawn_callers([n]));
        yield_now().await;
    }
    assert!(fixture.next().now_or_never().is_none(), "four batches are in flight");

    for (query, reply) in in_flight {
        let admission = admission_to(boards(&query)[0]);
        reply.send(Ok(CoreReply::Admission(Ok(admission)))).expect("the batcher waits");
    }

    assert_eq!(fixture.serve().await, [5, 6, 7, 8, 9]);
    assert_eq!(answers(callers).await, (1..=9).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let mut fixture = BatcherFixture::start();
    let callers = fixture.spawn_callers(1..=600);
    let mut sizes = Vec::new();
    for _ in 0..3 {
        sizes.push(fixture.serve().await.len());
    }
    assert_eq!(sizes, [256, 256, 88]);
    assert_eq!(answers(callers).await, (1..=600).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_query_of_a_caller_that_is_gone_is_not_sent() {
    let mut fixture = BatcherFixture::start();
    let batcher = Arc::clone(&fixture.batcher);
    let callers = fixture.spawn_callers([1, 3]);
    let mut gone = Box::pin(batcher.query(admission_query(2)));
    assert!(futures::poll!(&mut gone).is_pending());
    drop(gone);
    assert_eq!(fixture.serve().await, [1, 3]);
    assert_eq!(answers(callers).await, [Some(1), Some(3)]);
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_reply_does_not_disturb_others() {
    let mut fixture = BatcherFixture::start();
    let mut callers = fixture.spawn_callers([1, 2, 3]);
    let (query, reply) = fixture.next().await;
    assert_eq!(boards(&query), [1, 2, 3]);
    callers.remove(1).abort();
    yield_now().await;
    let replies = [1, 2, 3].map(|board| Some(Ok(admission_to(board)))).to_vec();
    reply.send(Ok(CoreReply::Admissions(replies))).expect("the batcher waits");
    assert_eq!(answers(callers).await, [Some(1), Some(3)]);
}

#[tokio::test]
async fn a_query_without_an_answer_does_not_fail_the_others_of_its_batch() {
    let mut fixture = BatcherFixture::start();
    let callers = fixture.spawn_callers([1, 2, 3]);
    let (_, reply) = fixture.next().await;
    let replies = vec![Some(Ok(admission_to(1))), None, Some(Ok(admission_to(3)))];
    reply.send(Ok(CoreReply::Admissions(replies))).expect("the batcher waits");
    assert_eq!(answers(callers).await, [Some(1), None, Some(3)]);
}

#[tokio::test]
async fn a_batch_that_fails_or_has_other_replies_has_no_answers() {
    let wrong_count = CoreReply::Admissions(vec![Some(Ok(admission_to(1)))]);
    for result in [Err(no_bus()), Ok(CoreReply::Unavailable), Ok(wrong_count)] {
        let mut fixture = BatcherFixture::start();
        let callers = fixture.spawn_callers([1, 2]);
        let (_, reply) = fixture.next().await;
        reply.send(result).expect("the batcher waits");
        assert_eq!(answers(callers).await, [None, None]);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_other_batches_does_not_extend_the_deadline() {
    let mut fixture = BatcherFixture::start();
    let (mut callers, _in_flight) = fixture.fill_in_flight().await;
    callers.extend(fixture.spawn_callers([5]));
    let start = tokio::time::Instant::now();
    assert_eq!(answers(callers).await, [None; 5]);
    assert!(start.elapsed() <= Duration::from_secs(5));
}

#[tokio::test]
async fn a_query_beyond_the_bound_fails_at_once() {
    let batcher = QueryBatcher::<EventsQuery>::new(Arc::new(ScriptedQueries(Box::new(|_| {
        Box::pin(std::future::pending())
    }))));
    let query = |after| EventsQuery { board: board_id(1), after: Seq(after), id: None };
    let mut pending = Vec::new();
    let mut failed = 0;
    for n in 0..20_000 {
        let mut querying = Box::pin(batcher.query(query(n)));
        match futures::poll!(&mut querying) {
            Poll::Pending => pending.push(querying),
            Poll::Ready(result) => failed += usize::from(result.is_err()),
        }
    }
    assert_eq!((pending.len(), failed), (16_384, 20_000 - 16_384));
}
