// Names on the broker.

/** The durable queue of edits that no worker has committed yet. */
export const WORK_QUEUE = 'edits';
/** The exchange that passes committed edits to every gateway. */
export const SAVED_EDITS = 'saved-edits';
