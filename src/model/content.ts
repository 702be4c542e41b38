/**
 * What a message consists of, beside its text: one field for its kind, and facts that several kinds share (`media`, `view_once`,
 * `album`). The fields of {@link SHOWN} are fields of a Message too. The others are stored, and only the summary shows them.
 */
import { z } from 'zod'
import { detail, writtenByPeople } from './fields.ts'

const text = () => writtenByPeople(z.string().optional())
const iso = () => z.string().optional().describe('ISO 8601 UTC.')

/** Describes the media of a message, without its bytes. Facts that WhatsApp does not send are left out. */
export const Media = z.object({
  mimetype: detail(writtenByPeople(z.string().optional())),
  filename: writtenByPeople(
    z.string().optional().describe('File name as the sender wrote it: data. Never use it as a path.'),
  ),
  size_bytes: detail(z.int().optional()),
  duration_s: z.number().optional(),
  width: detail(z.int().optional()),
  height: detail(z.int().optional()),
  sha256: detail(z.string().optional().describe('SHA-256 of the file, 64 hexadecimal digits.')),
})
export type Media = z.infer<typeof Media>

export const Location = z.object({
  latitude: z.number(),
  longitude: z.number(),
  name: text(),
  address: text(),
  live: detail(z.literal(true).optional().describe('A position that its sender updates for a while.')),
})
export type Location = z.infer<typeof Location>

export const ContactCard = z.object({
  name: writtenByPeople(z.string()),
  phone_numbers: z.array(z.string()).describe('As the card has them; digits only where WhatsApp knows them.'),
  organization: detail(text()),
})
export type ContactCard = z.infer<typeof ContactCard>

const PollOption = z.object({
  name: writtenByPeople(z.string()),
  votes: z.int().describe('Number of people who chose it, as far as the archive knows.'),
  voters: detail(z.array(z.string()).optional().describe('JIDs of these people.')),
})

export const Poll = z.object({
  question: writtenByPeople(z.string()),
  multiple: detail(z.boolean().describe('True if people may choose several options.')),
  options: z.array(PollOption),
  unreadable_votes: z
    .int()
    .optional()
    .describe('Number of votes that could not be read: each may be for any option.'),
})
export type Poll = z.infer<typeof Poll>

export const PlannedEvent = z.object({
  name: writtenByPeople(z.string()),
  description: detail(text()),
  starts_at: iso(),
  ends_at: detail(iso()),
  place: text(),
  join_link: detail(text()),
  cancelled: z.literal(true).optional(),
})
export type PlannedEvent = z.infer<typeof PlannedEvent>

export const Call = z.object({
  video: z.boolean(),
  outcome: z.string().optional().describe('"connected", "missed", "rejected", … as WhatsApp reports it.'),
  duration_s: z.number().optional(),
  scheduled_at: detail(iso()),
})
export type Call = z.infer<typeof Call>

/** A change of a group or chat, as WhatsApp shows it between the messages. Its author is the one of the message. */
export const Notice = z.object({
  action: z.string().describe('WhatsApp\'s own word: "add", "remove", "leave", "promote", "subject", …'),
  text: writtenByPeople(z.string().optional().describe('What was written: the new subject or description.')),
})
export type Notice = z.infer<typeof Notice>

/** The choices of a business message: template, buttons, list, interactive. */
const Choices = z.object({
  title: z.string().optional(),
  footer: z.string().optional(),
  options: z.array(z.string()),
})

const Order = z.object({
  id: z.string().optional(),
  title: z.string().optional(),
  items: z.number().optional(),
  total: z.number().optional(),
  currency: z.string().optional(),
})

const Product = z.object({
  id: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  price: z.number().optional(),
  currency: z.string().optional(),
  url: z.string().optional(),
})

/** An invitation to a group or channel. */
const Invite = z.object({
  to: z.string().optional(),
  name: z.string().optional(),
  code: z.string().optional(),
  expires_at: z.string().optional(),
})

const Payment = z.object({
  amount: z.number().optional(),
  currency: z.string().optional(),
  note: z.string().optional(),
  status: z.string().optional(),
})

/** The number of photos and videos of an album, or the album that a photo belongs to. */
const Album = z.object({
  photos: z.number().optional(),
  videos: z.number().optional(),
  parent: z.string().optional(),
})

/** Content that a Message shows as a field of its own. */
export const SHOWN = {
  media: Media,
  location: Location,
  contacts: z.array(ContactCard),
  poll: Poll,
  event: PlannedEvent,
  call: Call,
  notice: Notice,
  view_once: z.literal(true),
  transcript: writtenByPeople(
    z
      .string()
      .describe('Words of a voice note or audio file, as a program on this computer understood them.'),
  ),
  text: writtenByPeople(z.string().describe('Text of a document, as a program on this computer found it.')),
}

export const Content = z
  .object({
    ...SHOWN,
    // Only the snapshot of a result is stored with numbers.
    poll: Poll.extend({ options: z.array(PollOption.partial({ votes: true })) }),
    choices: Choices,
    order: Order,
    product: Product,
    invite: Invite,
    payment: Payment,
    album: Album,
  })
  .partial()
export type Content = z.infer<typeof Content>

/** Returns the words that people wrote in a content, beside the text of its message: each name, option and line on a line. */
export function wordsIn({
  media,
  location,
  contacts,
  poll,
  event,
  notice,
  ...others
}: Partial<Content>): string {
  const { choices, order, product, invite, payment, transcript, text } = others
  const words = [
    media?.filename,
    location?.name,
    location?.address,
    ...(contacts ?? []).flatMap(({ name, organization }) => [name, organization]),
    ...(poll?.options ?? []).map(({ name }) => name),
    event?.name,
    event?.place,
    event?.description,
    notice?.text,
    choices?.title,
    ...(choices?.options ?? []),
    choices?.footer,
    order?.title,
    product?.title,
    product?.description,
    invite?.name,
    payment?.note,
    transcript,
    text,
  ]
  return words.filter((word) => word !== undefined && word !== '').join('\n')
}

/** The facts that a download of media from WhatsApp requires, in its own words. Never part of an answer. */
export type MediaSource = {
  /** The type of the message, which selects the encryption. */
  type: string
  directPath: string
  /** Base64. */
  mediaKey: string | null
  /** Unix seconds. */
  mediaKeyTimestamp: number | null
  /** SHA-256 of the encrypted file, base64. */
  encFilehash: string | null
  /** SHA-256 of the file, base64. */
  filehash: string | null
  mimetype: string | null
  sizeBytes: number | null
}

/** A message as the engine received it, so that a later version can read more out of it. */
export type RawModel = {
  engine: string
  /** Version of the engine's program, such as the build of WhatsApp Web; null if it is not known. */
  build: string | null
  model: Record<string, unknown>
}
