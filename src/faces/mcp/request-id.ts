/**
 * The header that passes the server's own request id to the handlers. Errors and the log include this id. A value from the
 * client is overwritten.
 */
export const REQUEST_ID = 'x-request-id'
