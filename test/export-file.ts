/** Exported archives as text, for tests that import them. */

/** The first line, as it is written, with these members in place of its own. */
export function header(members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    line: 'archive',
    format: 'whatsapp-mcp-api archive',
    version: 1,
    account: '15550001000@c.us',
    account_lid: null,
    exported_at: '2025-01-02T12:00:00.000Z',
    chat: null,
    messages: 0,
    complete_until: null,
    last_event: 0,
    ...members,
  })
}

/** The smallest one: it holds nothing. */
export const EXPORT = `${header()}\n{"line":"end","messages":0}\n`
