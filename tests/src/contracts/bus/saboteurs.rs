//! Broken buses, and the clauses that must notice: proof that each clause can fail.

use super::sabotaged::Trick;

/// One way to be wrong, and the clauses that must fail on it; others may.
pub struct Saboteur {
    pub trick: Trick,
    pub breaks: &'static [&'static str],
}

const fn saboteur(trick: Trick, breaks: &'static [&'static str]) -> Saboteur {
    Saboteur { trick, breaks }
}

/// All of them. Together they break every clause.
pub const SABOTEURS: &[Saboteur] = &[
    saboteur(Trick::ForgetsKeys, &["a_batch_arrives_as_it_was_sent"]),
    saboteur(Trick::RewritesBodies, &["hostile_bytes_arrive_as_they_were_sent"]),
    saboteur(Trick::ForgetsWhatWaited, &["commands_wait_where_no_worker_is"]),
    saboteur(
        Trick::HearsOneGatewayOnly,
        &[
            "every_gateway_reaches_a_worker",
            "answers_reach_the_gateway_that_sent_and_no_other",
            "every_worker_reaches_every_gateway",
        ],
    ),
    saboteur(
        Trick::AcceptsWhatItLoses,
        &["a_full_queue_refuses_and_keeps_what_it_accepted", "a_closed_bus_takes_nothing_more"],
    ),
    saboteur(
        Trick::RepeatsDeliveries,
        &[
            "a_batch_arrives_as_it_was_sent",
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "each_command_goes_to_one_of_many_workers",
        ],
    ),
    saboteur(
        Trick::DropsDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "a_full_queue_refuses_and_keeps_what_it_accepted",
            "each_command_goes_to_one_of_many_workers",
        ],
    ),
    saboteur(
        Trick::ReversesDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "commands_wait_where_no_worker_is",
            "what_waits_is_taken_at_one_go",
        ],
    ),
    saboteur(
        Trick::ReversesCommands,
        &[
            "a_batch_arrives_as_it_was_sent",
            "a_batch_about_many_boards_arrives_whole_and_in_order_on_each",
        ],
    ),
    saboteur(
        Trick::SplitsMessages,
        &["a_batch_arrives_as_it_was_sent", "what_comes_again_is_as_it_was"],
    ),
    saboteur(Trick::TakesOneByOne, &["what_waits_is_taken_at_one_go"]),
    saboteur(Trick::TakesWithoutEnd, &["no_more_is_taken_once_there_is_enough"]),
    saboteur(
        Trick::AcknowledgesAtOnce,
        &[
            "what_was_not_acknowledged_comes_again_when_its_worker_goes",
            "a_worker_that_waits_already_gets_what_comes_again",
            "what_comes_again_is_as_it_was",
            "each_delivery_is_acknowledged_for_itself",
        ],
    ),
    saboteur(Trick::AcknowledgesAll, &["each_delivery_is_acknowledged_for_itself"]),
    saboteur(
        Trick::NeverAcknowledges,
        &["what_was_acknowledged_does_not_come_again", "each_delivery_is_acknowledged_for_itself"],
    ),
    saboteur(Trick::CallsAllNew, &["what_was_not_acknowledged_comes_again_when_its_worker_goes"]),
    saboteur(
        Trick::KeepsWhatItTook,
        &[
            "what_was_not_acknowledged_comes_again_when_its_worker_goes",
            "a_worker_that_waits_already_gets_what_comes_again",
        ],
    ),
    saboteur(Trick::TakesAfterGivingUp, &["who_gave_up_waiting_takes_nothing_away"]),
    saboteur(Trick::BuriesInSilence, &["what_is_buried_is_kept_with_its_reason"]),
    saboteur(
        Trick::DropsNews,
        &[
            "listening_holds_when_it_returns",
            "news_of_a_slot_arrive_in_order",
            "who_does_not_read_hinders_nobody",
        ],
    ),
    saboteur(Trick::RepeatsNews, &["listening_twice_is_once", "news_of_a_slot_arrive_in_order"]),
    saboteur(Trick::ReversesNews, &["an_announcement_arrives_as_it_was_made"]),
    saboteur(Trick::SwapsNews, &["news_of_a_slot_arrive_in_order"]),
    saboteur(Trick::ListensLate, &["listening_holds_when_it_returns"]),
    saboteur(
        Trick::HearsAllSlots,
        &[
            "an_announcement_reaches_all_who_listen_and_nobody_else",
            "presence_reaches_all_others_who_listen_and_nobody_else",
        ],
    ),
    saboteur(
        Trick::NeverUnlistens,
        &[
            "listening_twice_is_once",
            "after_unlistening_nothing_more_arrives",
            "after_unlistening_no_presence_arrives",
        ],
    ),
    saboteur(
        Trick::AnswersEverybody,
        &["answers_reach_the_gateway_that_sent_and_no_other", "every_worker_reaches_every_gateway"],
    ),
    saboteur(
        Trick::DropsAnswers,
        &["answers_reach_the_gateway_that_sent_and_no_other", "every_worker_reaches_every_gateway"],
    ),
    saboteur(Trick::ForgetsWhichNotes, &["presence_arrives_as_it_was_told"]),
    saboteur(
        Trick::DropsPresence,
        &["presence_arrives_as_it_was_told", "after_unlistening_no_presence_arrives"],
    ),
    saboteur(Trick::LosesNewsForPresence, &["a_flood_of_presence_costs_no_news"]),
    saboteur(Trick::KeepsAllPresence, &["who_does_not_hear_presence_has_only_the_latest"]),
    saboteur(Trick::KeepsQuietAboutLosses, &["who_does_not_read_is_interrupted_and_then_goes_on"]),
    saboteur(
        Trick::NeverAnswers,
        &[
            "a_question_that_nobody_answers_ends_in_time",
            "a_question_whose_worker_goes_ends_in_time",
            "whoever_waits_is_told_that_the_bus_is_closed",
        ],
    ),
    saboteur(
        Trick::AnswersWithTheLast,
        &[
            "a_question_arrives_as_it_was_asked_and_gets_its_answer",
            "many_questions_at_once_get_their_own_answers",
        ],
    ),
    saboteur(Trick::AnswersWhoeverAsks, &["a_late_answer_goes_to_nobody_else"]),
    saboteur(Trick::AsksTwice, &["each_question_goes_to_one_of_many_workers"]),
    saboteur(Trick::FailsWithItsAsker, &["who_gave_up_asking_hinders_nobody"]),
    saboteur(
        Trick::NeverCloses,
        &[
            "whoever_waits_is_told_that_the_bus_is_closed",
            "a_sender_who_waits_for_room_is_told_too",
            "a_closed_bus_takes_nothing_more",
            "closing_twice_is_once",
        ],
    ),
    saboteur(Trick::ClosesLate, &["a_sender_who_waits_for_room_is_told_too"]),
    saboteur(Trick::ClosesOnceOnly, &["closing_twice_is_once"]),
];
