//! Broken buses, and the clauses that must notice: proof that each clause can fail.

use super::faulty_bus::BusFault;

/// One way to be wrong, and the clauses that must fail on it; others may.
pub struct Saboteur {
    pub fault: BusFault,
    pub breaks: &'static [&'static str],
}

const fn saboteur(fault: BusFault, breaks: &'static [&'static str]) -> Saboteur {
    Saboteur { fault, breaks }
}

/// All of them. Together they break every clause.
pub const SABOTEURS: &[Saboteur] = &[
    saboteur(BusFault::ForgetsKeys, &["a_batch_arrives_as_it_was_sent"]),
    saboteur(BusFault::RewritesBodies, &["hostile_bytes_arrive_as_they_were_sent"]),
    saboteur(BusFault::ForgetsWhatWaited, &["commands_wait_where_no_worker_is"]),
    saboteur(
        BusFault::HearsOneGatewayOnly,
        &[
            "every_gateway_reaches_a_worker",
            "answers_reach_the_gateway_that_sent_and_no_other",
            "every_worker_reaches_every_gateway",
        ],
    ),
    saboteur(
        BusFault::AcceptsWhatItLoses,
        &["a_full_queue_refuses_and_keeps_what_it_accepted", "a_closed_bus_takes_nothing_more"],
    ),
    saboteur(
        BusFault::RepeatsDeliveries,
        &[
            "a_batch_arrives_as_it_was_sent",
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "each_command_goes_to_one_of_many_workers",
        ],
    ),
    saboteur(
        BusFault::DropsDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "a_full_queue_refuses_and_keeps_what_it_accepted",
            "each_command_goes_to_one_of_many_workers",
        ],
    ),
    saboteur(
        BusFault::ReversesDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "commands_wait_where_no_worker_is",
            "what_waits_is_taken_at_one_go",
        ],
    ),
    saboteur(
        BusFault::ReversesCommands,
        &[
            "a_batch_arrives_as_it_was_sent",
            "a_batch_about_many_boards_arrives_whole_and_in_order_on_each",
        ],
    ),
    saboteur(
        BusFault::SplitsMessages,
        &["a_batch_arrives_as_it_was_sent", "what_comes_again_is_as_it_was"],
    ),
    saboteur(BusFault::TakesOneByOne, &["what_waits_is_taken_at_one_go"]),
    saboteur(BusFault::TakesWithoutEnd, &["no_more_is_taken_once_there_is_enough"]),
    saboteur(
        BusFault::AcknowledgesAtOnce,
        &[
            "what_was_not_acknowledged_comes_again_when_its_worker_goes",
            "a_worker_that_waits_already_gets_what_comes_again",
            "what_comes_again_is_as_it_was",
            "each_delivery_is_acknowledged_for_itself",
        ],
    ),
    saboteur(BusFault::AcknowledgesAll, &["each_delivery_is_acknowledged_for_itself"]),
    saboteur(
        BusFault::NeverAcknowledges,
        &["what_was_acknowledged_does_not_come_again", "each_delivery_is_acknowledged_for_itself"],
    ),
    saboteur(
        BusFault::CallsAllNew,
        &["what_was_not_acknowledged_comes_again_when_its_worker_goes"],
    ),
    saboteur(
        BusFault::KeepsWhatItTook,
        &[
            "what_was_not_acknowledged_comes_again_when_its_worker_goes",
            "a_worker_that_waits_already_gets_what_comes_again",
        ],
    ),
    saboteur(BusFault::TakesAfterGivingUp, &["who_gave_up_waiting_takes_nothing_away"]),
    saboteur(BusFault::BuriesInSilence, &["what_is_buried_is_kept_with_its_reason"]),
    saboteur(
        BusFault::DropsNews,
        &[
            "listening_holds_when_it_returns",
            "news_of_a_slot_arrive_in_order",
            "who_does_not_read_hinders_nobody",
        ],
    ),
    saboteur(BusFault::RepeatsNews, &["listening_twice_is_once", "news_of_a_slot_arrive_in_order"]),
    saboteur(BusFault::ReversesNews, &["an_announcement_arrives_as_it_was_made"]),
    saboteur(BusFault::SwapsNews, &["news_of_a_slot_arrive_in_order"]),
    saboteur(BusFault::ListensLate, &["listening_holds_when_it_returns"]),
    saboteur(
        BusFault::HearsAllSlots,
        &[
            "an_announcement_reaches_all_who_listen_and_nobody_else",
            "presence_reaches_all_others_who_listen_and_nobody_else",
        ],
    ),
    saboteur(
        BusFault::NeverUnlistens,
        &[
            "listening_twice_is_once",
            "after_unlistening_nothing_more_arrives",
            "after_unlistening_no_presence_arrives",
        ],
    ),
    saboteur(
        BusFault::AnswersEverybody,
        &["answers_reach_the_gateway_that_sent_and_no_other", "every_worker_reaches_every_gateway"],
    ),
    saboteur(
        BusFault::DropsAnswers,
        &["answers_reach_the_gateway_that_sent_and_no_other", "every_worker_reaches_every_gateway"],
    ),
    saboteur(BusFault::ForgetsWhichNotes, &["presence_arrives_as_it_was_told"]),
    saboteur(
        BusFault::DropsPresence,
        &["presence_arrives_as_it_was_told", "after_unlistening_no_presence_arrives"],
    ),
    saboteur(BusFault::LosesNewsForPresence, &["a_flood_of_presence_costs_no_news"]),
    saboteur(BusFault::KeepsAllPresence, &["who_does_not_hear_presence_has_only_the_latest"]),
    saboteur(
        BusFault::KeepsQuietAboutLosses,
        &["who_does_not_read_is_interrupted_and_then_goes_on"],
    ),
    saboteur(
        BusFault::NeverAnswers,
        &[
            "a_query_without_a_reply_fails_in_time",
            "a_query_whose_worker_is_gone_fails_in_time",
            "whoever_waits_is_told_that_the_bus_is_closed",
        ],
    ),
    saboteur(
        BusFault::AnswersWithTheLast,
        &[
            "a_query_arrives_unchanged_and_gets_its_reply",
            "concurrent_queries_get_their_own_replies",
        ],
    ),
    saboteur(BusFault::AnswersWhoeverAsks, &["a_late_reply_does_not_answer_another_query"]),
    saboteur(BusFault::AsksTwice, &["each_query_goes_to_exactly_one_worker"]),
    saboteur(BusFault::FailsWithItsAsker, &["cancelled_queries_do_not_block_later_ones"]),
    saboteur(
        BusFault::NeverCloses,
        &[
            "whoever_waits_is_told_that_the_bus_is_closed",
            "a_sender_who_waits_for_room_is_told_too",
            "a_closed_bus_takes_nothing_more",
            "closing_twice_is_once",
        ],
    ),
    saboteur(BusFault::ClosesLate, &["a_sender_who_waits_for_room_is_told_too"]),
    saboteur(BusFault::ClosesOnceOnly, &["closing_twice_is_once"]),
];
