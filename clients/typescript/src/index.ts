/** The client of a whatsapp-mcp-api server. */
export {
  ApiError,
  type Client,
  createClient,
  type EventKind,
  type EventOf,
  type EventOptions,
  type Options,
  type Problem,
  unwrap,
  type WhatsAppEvent,
} from './client.ts'
export type * from './schema.ts'
