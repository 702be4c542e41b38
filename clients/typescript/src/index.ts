/** The client of a whatsapp-mcp-api server. */
export { type Client, createClient, type Options } from './client.ts'
export type { EventKind, EventOf, EventOptions, WhatsAppEvent } from './events.ts'
export { ApiError, type Problem, unwrap } from './problem.ts'
export type * from './schema.ts'
