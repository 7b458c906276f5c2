//! Questions of gateways, and the answers of workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use sockbit_application::envelope::{CoreQuery, CoreReply};
use sockbit_application::ports::{ReceivedQuery, Unavailable};
use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{ActorId, BoardId, Rejection, RejectionCode};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::fixtures::{event, head, question, quiet, soon, uuid};
use super::{Bus, GatewayEnds, WorkerEnds};

async fn next(worker: &WorkerEnds) -> ReceivedQuery {
    soon("a question", worker.questions.next()).await.expect("the bus is open")
}

/// Asks from a task of its own.
fn query(gateway: &GatewayEnds, question: CoreQuery) -> JoinHandle<Result<CoreReply, Unavailable>> {
    let queries = Arc::clone(&gateway.queries);
    tokio::spawn(async move { queries.query(question).await })
}

async fn answer(
    asking: JoinHandle<Result<CoreReply, Unavailable>>,
) -> Result<CoreReply, Unavailable> {
    soon("an answer", asking).await.expect("asking does not panic")
}

fn number(question: &CoreQuery) -> u64 {
    match question {
        CoreQuery::Events { after, .. } => after.0,
        other => panic!("this was not asked: {other:?}"),
    }
}

/// The answer to the question with this number, which fits no other.
fn answer_to(number: u64) -> CoreReply {
    CoreReply::Events(vec![event(number)])
}

pub async fn a_question_arrives_as_it_was_asked_and_gets_its_answer(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let (actor, board) = (ActorId(uuid(1)), BoardId(uuid(2)));
    let rejection = Rejection::new(RejectionCode::NotFound, "\"not\" for you\n");
    let conversation = [
        (
            CoreQuery::Client { actor, query: Query::BoardPage { board, after: None } },
            CoreReply::Client(Reply::Rejected(rejection.clone())),
        ),
        (
            CoreQuery::Admission { actor, board, position: Some(head(3)) },
            CoreReply::Admission(Err(rejection)),
        ),
        (question(5), CoreReply::Events((1..=100).map(event).collect())),
        (CoreQuery::Heads { boards: vec![board] }, CoreReply::Heads(vec![(board, head(9))])),
        (question(6), CoreReply::Unavailable),
    ];
    for (question, expected) in conversation {
        let asking = query(&gateway, question.clone());
        let asked = next(&worker).await;
        assert_eq!(asked.question, question);
        (asked.reply)(expected.clone());
        assert_eq!(answer(asking).await, Ok(expected));
    }
}

/// Answers every question, and tells its number.
fn serve(worker: WorkerEnds, tell: mpsc::UnboundedSender<u64>, serving: &mut JoinSet<()>) {
    serving.spawn(async move {
        while let Some(ReceivedQuery { question, reply }) = worker.questions.next().await {
            let number = number(&question);
            tell.send(number).unwrap_or_default();
            tokio::task::yield_now().await;
            reply(answer_to(number));
        }
    });
}

pub async fn many_questions_at_once_get_their_own_answers(bus: Arc<dyn Bus>) {
    let gateways = [bus.gateway().await, bus.gateway().await];
    let mut serving = JoinSet::new();
    let (tell, _told) = mpsc::unbounded_channel();
    for _ in 0..2 {
        serve(bus.worker().await, tell.clone(), &mut serving);
    }

    let numbers = (0..200).zip(gateways.iter().cycle());
    let asking: Vec<_> = numbers.map(|(n, gateway)| (n, query(gateway, question(n)))).collect();

    for (n, asking) in asking {
        assert_eq!(answer(asking).await, Ok(answer_to(n)));
    }
}

pub async fn each_question_goes_to_one_of_many_workers(bus: Arc<dyn Bus>) {
    const QUESTIONS: usize = 100;
    let gateway = bus.gateway().await;
    let mut serving = JoinSet::new();
    let (tell, mut told) = mpsc::unbounded_channel();
    for _ in 0..3 {
        serve(bus.worker().await, tell.clone(), &mut serving);
    }
    let asking: Vec<_> = (0..QUESTIONS as u64).map(|n| query(&gateway, question(n))).collect();
    for asking in asking {
        answer(asking).await.expect("it is answered");
    }

    let mut seen = BTreeSet::new();
    while seen.len() < QUESTIONS {
        let number = soon("a question", told.recv()).await.expect("the workers work");
        assert!(seen.insert(number), "{number} was asked of two workers");
    }
    quiet("one more", told.recv()).await;
}

pub async fn a_question_that_nobody_answers_ends_in_time(bus: Arc<dyn Bus>) {
    let gateway = bus.gateway().await;
    let unasked = answer(query(&gateway, question(1))).await;
    assert!(unasked.is_err(), "{unasked:?}");

    let worker = bus.worker().await;
    let asking = query(&gateway, question(2));
    let mut held = vec![next(&worker).await];
    while held.iter().all(|it| number(&it.question) != 2) {
        held.push(next(&worker).await);
    }
    let unanswered = answer(asking).await;
    assert!(unanswered.is_err(), "{unanswered:?}");
    drop(held);
}

pub async fn a_question_whose_worker_goes_ends_in_time(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let asking = query(&gateway, question(1));
    drop(next(&worker).await);
    drop(worker);
    let unanswered = answer(asking).await;
    assert!(unanswered.is_err(), "{unanswered:?}");
}

/// A question that is asked and given up before it is answered.
async fn given_up(gateway: &GatewayEnds, number: u64) {
    let asking = query(gateway, question(number));
    tokio::task::yield_now().await;
    asking.abort();
    assert!(asking.await.is_err_and(|error| error.is_cancelled()));
}

pub async fn who_gave_up_asking_hinders_nobody(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for n in 1..=10 {
        given_up(&gateway, n).await;
    }
    let asking = query(&gateway, question(11));
    let mut serving = JoinSet::new();
    let (tell, _told) = mpsc::unbounded_channel();
    serve(worker, tell, &mut serving);
    assert_eq!(answer(asking).await, Ok(answer_to(11)));
}

pub async fn a_late_answer_goes_to_nobody_else(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let slow = query(&gateway, question(1));
    let late = next(&worker).await;
    slow.abort();
    let asking = query(&gateway, question(2));
    let asked = next(&worker).await;

    (late.reply)(answer_to(1));
    (asked.reply)(answer_to(2));

    assert_eq!(answer(asking).await, Ok(answer_to(2)));
}
