//! Faulty buses and the clauses that must fail on them: proof that each clause can fail.

use super::faulty_bus::BusFault;

/// A fault and the clauses that must fail on it; others may.
pub struct Saboteur {
    pub fault: BusFault,
    pub breaks: &'static [&'static str],
}

const fn saboteur(fault: BusFault, breaks: &'static [&'static str]) -> Saboteur {
    Saboteur { fault, breaks }
}

/// All saboteurs. Together they break every clause.
pub const SABOTEURS: &[Saboteur] = &[
    saboteur(BusFault::DropsKeys, &["a_batch_arrives_unchanged"]),
    saboteur(BusFault::RewritesBodies, &["hostile_bytes_arrive_unchanged"]),
    saboteur(BusFault::DropsQueuedCommands, &["commands_without_a_worker_stay_queued"]),
    saboteur(
        BusFault::AcceptsOnlyTheFirstGateway,
        &[
            "every_gateway_reaches_a_worker",
            "outcomes_reach_exactly_the_gateway_that_sent_the_command",
            "every_worker_reaches_every_gateway",
        ],
    ),
    saboteur(
        BusFault::ReportsLostCommandsAsSent,
        &[
            "a_full_queue_refuses_commands_and_keeps_accepted_ones",
            "a_closed_bus_refuses_everything",
        ],
    ),
    saboteur(
        BusFault::PublishesWhenAwaited,
        &[
            "commands_arrive_in_the_order_of_the_calls",
            "commands_whose_confirm_is_dropped_arrive",
            "announcements_and_outcomes_arrive_in_the_order_of_the_calls",
            "an_announcement_whose_confirm_is_dropped_arrives",
        ],
    ),
    saboteur(
        BusFault::RepeatsDeliveries,
        &[
            "a_batch_arrives_unchanged",
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "each_command_goes_to_exactly_one_worker",
        ],
    ),
    saboteur(
        BusFault::DropsDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "every_gateway_reaches_a_worker",
            "a_full_queue_refuses_commands_and_keeps_accepted_ones",
            "each_command_goes_to_exactly_one_worker",
        ],
    ),
    saboteur(
        BusFault::ReversesDeliveries,
        &[
            "commands_arrive_once_and_in_order",
            "commands_without_a_worker_stay_queued",
            "queued_deliveries_are_taken_together",
        ],
    ),
    saboteur(
        BusFault::ReversesCommands,
        &[
            "a_batch_arrives_unchanged",
            "a_batch_of_many_boards_arrives_completely_and_in_order_per_board",
        ],
    ),
    saboteur(BusFault::SplitsMessages, &["a_batch_arrives_unchanged", "a_redelivery_is_unchanged"]),
    saboteur(BusFault::TakesOneByOne, &["queued_deliveries_are_taken_together"]),
    saboteur(BusFault::IgnoresTheTakeLimit, &["a_worker_takes_no_delivery_beyond_its_limit"]),
    saboteur(
        BusFault::AcknowledgesOnDelivery,
        &[
            "unacknowledged_deliveries_of_a_dead_worker_are_redelivered",
            "a_waiting_worker_receives_redeliveries",
            "a_redelivery_is_unchanged",
            "each_delivery_is_acknowledged_individually",
        ],
    ),
    saboteur(BusFault::AcknowledgesAll, &["each_delivery_is_acknowledged_individually"]),
    saboteur(
        BusFault::NeverAcknowledges,
        &[
            "acknowledged_deliveries_are_not_redelivered",
            "each_delivery_is_acknowledged_individually",
        ],
    ),
    saboteur(
        BusFault::ResetsRedeliveries,
        &["unacknowledged_deliveries_of_a_dead_worker_are_redelivered"],
    ),
    saboteur(
        BusFault::NeverReleasesDeliveries,
        &[
            "unacknowledged_deliveries_of_a_dead_worker_are_redelivered",
            "a_waiting_worker_receives_redeliveries",
        ],
    ),
    saboteur(BusFault::TakesAfterCancellation, &["a_cancelled_take_loses_no_delivery"]),
    saboteur(BusFault::DropsDeadLetterReasons, &["a_dead_letter_is_kept_with_its_reason"]),
    saboteur(
        BusFault::DropsAnnouncements,
        &[
            "a_subscription_is_active_when_subscribe_returns",
            "announcements_of_a_slot_arrive_in_order",
            "a_gateway_that_does_not_read_does_not_block_other_gateways",
        ],
    ),
    saboteur(
        BusFault::RepeatsAnnouncements,
        &["subscribing_twice_is_idempotent", "announcements_of_a_slot_arrive_in_order"],
    ),
    saboteur(BusFault::ReversesEvents, &["an_announcement_arrives_unchanged"]),
    saboteur(BusFault::SwapsAnnouncements, &["announcements_of_a_slot_arrive_in_order"]),
    saboteur(BusFault::SubscribesLate, &["a_subscription_is_active_when_subscribe_returns"]),
    saboteur(
        BusFault::SubscribesToAllSlots,
        &[
            "an_announcement_reaches_exactly_the_subscribers",
            "a_presence_update_reaches_exactly_the_other_subscribers",
        ],
    ),
    saboteur(
        BusFault::NeverUnsubscribes,
        &[
            "subscribing_twice_is_idempotent",
            "no_announcement_arrives_after_unsubscribing",
            "no_presence_update_arrives_after_unsubscribing",
        ],
    ),
    saboteur(
        BusFault::BroadcastsOutcomes,
        &[
            "outcomes_reach_exactly_the_gateway_that_sent_the_command",
            "events_and_outcomes_of_one_call_reach_their_receivers",
            "every_worker_reaches_every_gateway",
        ],
    ),
    saboteur(
        BusFault::DropsOutcomes,
        &[
            "outcomes_reach_exactly_the_gateway_that_sent_the_command",
            "events_and_outcomes_of_one_call_reach_their_receivers",
            "every_worker_reaches_every_gateway",
        ],
    ),
    saboteur(BusFault::DropsPresenceNotes, &["a_presence_update_arrives_unchanged"]),
    saboteur(
        BusFault::DropsPresence,
        &["a_presence_update_arrives_unchanged", "no_presence_update_arrives_after_unsubscribing"],
    ),
    saboteur(
        BusFault::DropsAnnouncementsUnderPresence,
        &["a_flood_of_presence_loses_no_announcement"],
    ),
    saboteur(BusFault::KeepsAllPresence, &["unread_presence_is_reduced_to_the_latest_updates"]),
    saboteur(
        BusFault::HidesInterruptions,
        &["a_gateway_that_does_not_read_is_interrupted_and_then_resumes"],
    ),
    saboteur(
        BusFault::NeverReplies,
        &[
            "a_query_without_a_reply_fails_in_time",
            "a_query_whose_worker_is_gone_fails_in_time",
            "closing_ends_all_pending_calls",
        ],
    ),
    saboteur(
        BusFault::RepliesWithThePreviousReply,
        &[
            "a_query_arrives_unchanged_and_gets_its_reply",
            "concurrent_queries_get_their_own_replies",
        ],
    ),
    saboteur(BusFault::RepliesToAnyQuery, &["a_late_reply_does_not_answer_another_query"]),
    saboteur(BusFault::SendsQueriesTwice, &["each_query_goes_to_exactly_one_worker"]),
    saboteur(BusFault::FailsAfterACancelledQuery, &["cancelled_queries_do_not_block_later_ones"]),
    saboteur(
        BusFault::ReversesRepliesOfBatches,
        &["a_batch_has_one_reply_for_each_query_in_their_order"],
    ),
    saboteur(
        BusFault::NeverCloses,
        &[
            "closing_ends_all_pending_calls",
            "closing_ends_a_send_that_waits_for_room",
            "a_closed_bus_refuses_everything",
            "closing_twice_is_idempotent",
        ],
    ),
    saboteur(BusFault::ClosesLate, &["closing_ends_a_send_that_waits_for_room"]),
    saboteur(BusFault::PanicsOnSecondClose, &["closing_twice_is_idempotent"]),
];
