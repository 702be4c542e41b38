/** Rejects a request of a page: its promise rejects, without an error in this process. */

/** A request that the real server would not accept: a bug of the page, a page without a link, or a fault. */
export class RefusedQuestion extends Error {}
