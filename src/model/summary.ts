/** Says in one line what a message is: for kinds without text. */
import type { ContactCard, Content } from './content.ts'
import { counted } from './counted.ts'
import { wordsOf } from './message-types.ts'

/** Longer summaries are cut: people write their parts. */
const MAX_SUMMARY = 300

/** What a summary is made of. `people`: names of those that a notice is about. */
export type Summarized = { type: string; body: string; content: Content; people: readonly string[] }

/**
 * Returns one line such as `Location: Café Central (48.2104, 16.3655)` or `Voice note, 0:12`. Null for a message whose text says
 * all, and for a deleted one. Parts that people wrote are included as they wrote them, on one line.
 */
export function summaryOf({ type, body, content, people }: Summarized): string | null {
  const parts = partsOf(type, content, people)
  if (type === 'revoked' || (body !== '' && parts === null)) return null
  const words = wordsOf(type) ?? `Message of the unknown kind "${type}"`
  const line = `${content.view_once ? `${words} to view once` : words}${parts ?? mediaParts(content)}`
  if (line === 'Text') return null
  return cut(line.replace(/\s+/g, ' '))
}

/** What follows the words of a kind; null for kinds that are told by their text, if they have one. */
function partsOf(type: string, content: Content, people: readonly string[]): string | null {
  const { location, contacts, poll, event, call, notice, choices, order, product, invite, payment } = content
  if (location) {
    const place = [location.name, location.address].filter(isPart).join(', ')
    return about(place, `(${location.latitude}, ${location.longitude})`)
  }
  if (contacts) return about(list(contacts.map(cardLine)))
  if (poll) return about(poll.question, `(${list(poll.options.map(({ name }) => name))})`)
  if (event) {
    const { name, starts_at, place, cancelled } = event
    return about(name, starts_at && `at ${starts_at}`, place && `in ${place}`, cancelled && '(cancelled)')
  }
  if (call) return facts(call.video && 'video', call.outcome, clock(call.duration_s))
  if (notice)
    return type === 'e2e_notification' ? '' : about(actionOf(notice.action), notice.text, list(people))
  if (choices) return about(choices.title, choices.options.length > 0 && `(${list(choices.options)})`)
  if (order) return about(order.title, money(order.total, order.currency))
  if (product) return about(product.title, money(product.price, product.currency))
  if (invite) return about(invite.name)
  if (payment) return about(money(payment.amount, payment.currency), payment.note)
  return null
}

type Part = string | false | null | undefined

const isPart = (part: Part): part is string => typeof part === 'string' && part.trim() !== ''

function about(...parts: Part[]): string {
  const said = parts.filter(isPart).join(' ')
  return said === '' ? '' : `: ${said}`
}

function facts(...parts: Part[]): string {
  return parts
    .filter(isPart)
    .map((part) => `, ${part}`)
    .join('')
}

function mediaParts({ media, album }: Content): string {
  const count = (n: number | undefined, one: string) => (n ? counted(n, one) : null)
  return facts(
    media?.filename,
    clock(media?.duration_s),
    count(album?.photos, 'photo'),
    count(album?.videos, 'video'),
  )
}

function cardLine({ name, phone_numbers }: ContactCard): string {
  return phone_numbers.length === 0 ? name : `${name} (${list(phone_numbers)})`
}

const list = (parts: readonly string[]) => parts.join(', ')

/** Minutes and seconds, with hours if there are any. */
function clock(seconds: number | undefined): string | null {
  if (seconds === undefined) return null
  const whole = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  const rest = two(whole % 60)
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`
}

function money(amount: number | undefined, currency: string | undefined): string | null {
  return amount === undefined ? null : [amount.toFixed(2), currency ?? ''].join(' ').trim()
}

const ACTIONS: Record<string, string> = {
  create: 'group created',
  add: 'added',
  invite: 'joined by link',
  remove: 'removed',
  leave: 'left',
  promote: 'made admin',
  demote: 'no longer admin',
  subject: 'new name',
  description: 'new description',
  picture: 'new picture',
  announce: 'who may write has changed',
  restrict: 'who may edit the group has changed',
  ephemeral: 'disappearing messages have changed',
}

function actionOf(action: string): string {
  return Object.hasOwn(ACTIONS, action) ? (ACTIONS[action] ?? action) : action.replace(/_/g, ' ')
}

function cut(line: string): string {
  // The last character may be half of a surrogate pair: it is left out.
  return line.length <= MAX_SUMMARY ? line : `${[...line.slice(0, MAX_SUMMARY - 1)].slice(0, -1).join('')}…`
}
