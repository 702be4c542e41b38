/** Reads contact cards (vCard 2.1 to 4.0, RFC 6350) as phones send them, and writes them. */
import type { ContactCard } from './content.ts'
import type { PhoneNumber } from './ids.ts'
import { cleanText } from './text.ts'

/** More numbers or longer values than these are cut: the sender chooses them. */
const MAX_NUMBERS = 20
const MAX_VALUE = 500

/**
 * Returns the name and numbers of a card. A number with WhatsApp's `waid` is returned as the digits of the `waid`, any other
 * number as written.
 * @param name shown by WhatsApp Web; used where the card has none
 */
export function readVcard(vcard: string, name?: string): ContactCard {
  // A line that begins with a space continues the one before.
  const lines = vcard.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const values = lines.flatMap((line) => {
    const match = /^(?:[\w-]+\.)?(FN|N|TEL|ORG)((?:;[^:]*)?):(.*)$/i.exec(line)
    return match === null
      ? []
      : [{ field: match[1]?.toUpperCase(), about: match[2] ?? '', value: match[3] ?? '' }]
  })
  const first = (field: string) => values.find((one) => one.field === field)?.value
  const parts = (value: string | undefined) =>
    (value ?? '')
      .split(/(?<!\\);/)
      .map(plainValue)
      .filter(Boolean)
  const numbers = values
    .filter(({ field }) => field === 'TEL')
    .map(({ about, value }) => /waid=(\d{5,15})/i.exec(about)?.[1] ?? plainValue(value).replace(/^tel:/i, ''))
    .filter((number) => number !== '')
  const organization = parts(first('ORG')).join(', ')
  const [family = '', given = ''] = (first('N') ?? '').split(/(?<!\\);/).map(plainValue)
  return {
    name: plainValue(first('FN') ?? '') || cleanText(name ?? '') || `${given} ${family}`.trim(),
    phone_numbers: [...new Set(numbers)].slice(0, MAX_NUMBERS),
    ...(organization === '' ? {} : { organization }),
  }
}

function plainValue(value: string): string {
  return cleanText(
    value
      .replace(/\\n/gi, '\n')
      .replace(/\\([,;:\\])/g, '$1')
      .trim(),
  ).slice(0, MAX_VALUE)
}

/** `whatsapp`: the number is on WhatsApp, so that recipients can write to it. */
export type OutgoingCard = {
  name: string
  organization?: string | undefined
  numbers: readonly { number: string; whatsapp?: PhoneNumber }[]
}

/** Returns the card as WhatsApp's phones write it: vCard 3.0, numbers on WhatsApp with their `waid`. */
export function writeVcard({ name, organization, numbers }: OutgoingCard): string {
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${escapeValue(name)};;;`,
    `FN:${escapeValue(name)}`,
    ...(organization === undefined ? [] : [`ORG:${escapeValue(organization)};`]),
    ...numbers.map(
      ({ number, whatsapp }) =>
        `TEL;type=CELL;type=VOICE${whatsapp === undefined ? '' : `;waid=${whatsapp}`}:${escapeValue(number)}`,
    ),
    'END:VCARD',
  ].join('\n')
}

/** A value on one line (RFC 6350, 3.4). */
function escapeValue(value: string): string {
  return value.replace(/[\\,;]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n')
}
