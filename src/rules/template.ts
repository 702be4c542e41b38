/** The text of a reply: `{{name}}` and the like are replaced once, so that a text of other people is never a template. */
import type { Event } from '../model/events.ts'

type Values = Pick<Event, 'chat' | 'message'>

/** What a template can name. */
export const TEMPLATE_FIELDS: Readonly<Record<string, (event: Values) => string>> = {
  name: ({ message, chat }) => message?.sender_name ?? chat?.name ?? '',
  chat: ({ chat }) => chat?.name ?? '',
  text: ({ message }) => message?.body ?? '',
}

const FIELD = /\{\{\s*([^{}]*?)\s*\}\}/g

/** Returns the names that a template uses. */
export const fieldsIn = (template: string): string[] =>
  [...template.matchAll(FIELD)].map(([, name = '']) => name)

/** Returns the text for this event. */
export function fill(template: string, event: Values): string {
  return template.replace(FIELD, (_, name: string) =>
    Object.hasOwn(TEMPLATE_FIELDS, name) ? (TEMPLATE_FIELDS[name]?.(event) ?? '') : '',
  )
}
