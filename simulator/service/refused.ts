/** How a question of a page is turned down: its promise rejects, and nobody has made a mistake in this process. */

/** A question that the real server would not have answered: a bug of the page, a page without a link, or a fault. */
export class RefusedQuestion extends Error {}
