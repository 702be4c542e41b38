/**
 * Reads an exported archive (export-format.ts) line by line, and writes it through the same tables as
 * everything else.
 */
import type { z } from 'zod'
import { codeOf } from '../error-code.ts'
import { afterEnd } from '../model/history.ts'
import { chatKindOf, type Jid, toJid } from '../model/ids.ts'
import { standingOf } from '../model/message-types.ts'
import { EARLIER_VERSION, fromEarlier } from './earlier-content.ts'
import { type ChatLine, ExportLine, type MessageLine, type PersonLine } from './export-format.ts'
import { digitsOf } from './identify.ts'
import { type ArchiveHeader, describe, ImportError, parse } from './import-header.ts'
import { type MessageDetails, numberOf } from './message-row.ts'
import { ME, NOBODY, type PhoneSpan } from './people.ts'
import { timeOf } from './position.ts'
import type { Store } from './store.ts'

export type Importer = {
  /** Writes one line. Call within a transaction. @throws ImportError `invalid_line`, `cut_short` */
  add(text: string): void
  /** Checks that the file is complete. @throws ImportError `cut_short` */
  finish(): void
  /** `messages`: written. `left`: left out because the rules do not keep them. */
  counts: { messages: number; left: number }
}

/** Returns true for messages to write: see `Keeping` of the session. */
export type Keeps = (
  chat: number,
  message: { bareId: string; sentAt: number; expiresAt: number | null },
) => boolean

const toMs = (iso: string | null) => (iso === null ? null : Date.parse(iso))

function toSpan({ phone, from, until }: PhoneLine): PhoneSpan {
  return {
    phone: toJid(phone),
    from_ms: toMs(from) ?? 0,
    until_ms: toMs(until),
  }
}
type PhoneLine = NonNullable<z.infer<typeof PersonLine>['phones']>[number]

/** Reads the lines from the second on into an empty store, which it initializes from the header. */
export function createImporter(store: Store, header: ArchiveHeader, keeps: Keeps): Importer {
  const counts = { messages: 0, left: 0 }
  const account = toJid(header.account)
  const isEarlier = header.version <= EARLIER_VERSION
  const chats = new Map<string, number>()
  let number = 1
  let position = -1
  let isOver = false

  function refuse(what: string, options?: ErrorOptions): never {
    throw new ImportError('invalid_line', `Line ${number}: ${what}.`, options)
  }

  /** Every person has a line before the first line that names them. */
  function personAt(address: string): number {
    return store.people.find(toJid(address))?.id ?? refuse('it names a person without an earlier line')
  }
  const senderAt = (address: string) => (toJid(address) === account ? ME : personAt(address))

  function addPerson(line: z.infer<typeof PersonLine>): void {
    const { phone, lid, name, pushname, in_address_book, is_business, is_blocked } = line
    const addresses = [phone, lid].filter((one) => one !== null).map(toJid)
    if (addresses.length === 0) refuse('a person requires "phone" or "lid"')
    const person = {
      phone: phone === null ? null : toJid(phone),
      lid: lid === null ? null : toJid(lid),
      name,
      pushname,
      inAddressBook: in_address_book,
      isBusiness: is_business,
      isBlocked: is_blocked,
    }
    // An earlier line has one of the two: during the export, they were found to belong to one person.
    const isKnown = addresses.some((jid) => store.people.find(jid) !== undefined)
    if (isKnown && person.phone !== null && person.lid !== null)
      store.identify(person.phone, person.lid, Date.parse(header.exported_at))
    const known = addresses.map((jid) => store.people.find(jid)).at(-1)
    const id = known?.id ?? store.people.insert(person)
    if (known !== undefined) store.people.update(id, person)
    // The person of an earlier line keeps the numbers of that line.
    if (line.phones !== undefined && !isKnown) store.people.setPhones(id, line.phones.map(toSpan))
    const address = person.phone ?? person.lid
    for (const asked of line.asked_as ?? [])
      if (address !== null) store.people.setAlias(toJid(asked), address)
  }

  function addChat(line: z.infer<typeof ChatLine>): void {
    const jid: Jid = toJid(line.chat)
    if (chatKindOf(jid) !== line.kind) refuse('the address of the chat does not match its kind')
    if (chats.has(line.chat)) refuse('the chat has an earlier line')
    const id = store.chats.insert(line.kind, line.kind === 'direct' ? { person: personAt(jid) } : { jid })
    chats.set(line.chat, id)
    store.chats.setFacts(id, {
      name: line.name,
      unread_count: line.unread_count,
      timestamp: line.timestamp,
      archived: Number(line.archived),
      pinned_at: line.pinned_at,
      muted_until: line.muted_until,
      is_read_only: Number(line.is_read_only),
    })
    if (line.removed_at !== null) store.chats.setRemoved(id, line.removed_at)
    if (line.caught_up_to !== null) store.chats.setCaughtUp(id, line.caught_up_to)
    if (line.history_complete) store.chats.setHistory(id, afterEnd({ history_tries: 0 }, 'none', 0, 0))
    store.chats.setForgotten(id, line.forgotten_before, line.forgotten_until, line.goes_on_from)
    if (line.familiar === true) store.chats.setFamiliar(id, true)
    for (const { id: person, since, until } of line.stays ?? [])
      store.chats.addStay(id, { person: personAt(person), since_ms: toMs(since), until_ms: toMs(until) })
    const present = line.members.map(({ id, is_admin }) => ({ person: personAt(id), isAdmin: is_admin }))
    store.chats.changeMembers(id, { present, gone: [] }, null)
    for (const { after, before, found_at } of line.gaps) {
      const found_at_ms = Date.parse(found_at)
      store.gaps.add({ chat: id, after_message: after, before_message: before, found_at_ms })
    }
  }

  function addMessage(line: z.infer<typeof MessageLine>): void {
    const chat = chats.get(line.chat) ?? refuse('it names a chat without an earlier line')
    if (line.position <= position) refuse('"position" must increase from message to message')
    position = line.position
    const sentAt = timeOf(line.position)
    if (Date.parse(line.sent_at) !== sentAt * 1000) refuse('"position" and "sent_at" do not match')
    if (!keeps(chat, { bareId: line.bare_id, sentAt, expiresAt: line.details?.expires_at ?? null })) {
      counts.left += 1
      return
    }
    counts.messages += 1
    const details: MessageDetails = {
      ...line.details,
      ...(line.reply_to === undefined
        ? {}
        : {
            quoted: {
              bare_id: line.reply_to.bare_id,
              sender: line.reply_to.from === null ? null : senderAt(line.reply_to.from),
              body: line.reply_to.body,
            },
          }),
      ...(line.mentions === undefined ? {} : { mentions: line.mentions.map(senderAt) }),
    }
    const standing = line.standing ?? standingOf(line.type)
    store.messages.insert({
      id: line.position,
      chat,
      bare_id: line.bare_id,
      sender: line.from_me ? ME : line.from === null ? NOBODY : personAt(line.from),
      type: line.type,
      body: line.body,
      ack: line.ack,
      has_media: Number(line.has_media),
      edited_at_ms: line.edited_at === undefined ? null : Date.parse(line.edited_at),
      revoked_at_ms: line.revoked_at === undefined ? null : Date.parse(line.revoked_at),
      details: Object.keys(details).length === 0 ? null : JSON.stringify(details),
      standing: numberOf(standing),
      by_phone: digitsOf(line.by_phone === undefined ? null : toJid(line.by_phone)),
    })
    if (standing !== 'notice') store.chats.noteMessage(chat, line.position, sentAt)
    if (line.raw !== undefined) store.raws.setModel(line.position, line.raw, line.body)
    if (line.source !== undefined) store.raws.setSource(line.position, line.source)
    if (line.preview !== undefined) store.raws.setPreview(line.position, Buffer.from(line.preview, 'base64'))
    for (const { what, type, body, until_at } of line.revisions ?? []) {
      store.changes.addRevision(line.position, { what, type, body, untilMs: Date.parse(until_at) })
    }
    for (const { from, emoji, at } of line.reactions ?? []) {
      const sender = senderAt(from)
      store.changes.setReaction({ message: line.position, sender, emoji, at_ms: Date.parse(at) })
    }
    for (const { from, options, at } of line.votes ?? []) {
      const choice = options === null ? null : JSON.stringify([...options].sort())
      store.changes.setVote({ message: line.position, voter: senderAt(from), choice, at_ms: Date.parse(at) })
    }
  }

  store.transaction(() => {
    store.meta.set('account_wid', account)
    if (header.account_lid !== null) store.meta.set('account_lid', header.account_lid)
    if (header.complete_until !== null)
      store.meta.set('known_until', Date.parse(header.complete_until) / 1000)
    store.events.startAfter(header.last_event)
  })

  return {
    counts,
    add(text) {
      number += 1
      // Editors add empty lines at the end.
      if (text.trim() === '') return
      if (isOver) refuse('no line may follow the line "end"')
      const value = parse(text)
      if (value === undefined) refuse('not JSON')
      const read = ExportLine.safeParse(value)
      if (!read.success) refuse(describe(read.error))
      const line = read.data
      try {
        if (line.line === 'person') return addPerson(line)
        if (line.line === 'chat') return addChat(line)
        if (line.line === 'message') return addMessage(isEarlier ? fromEarlier(line) : line)
      } catch (error) {
        // Violations of a table's constraints: the same message twice, for example.
        const isOfTheLine = codeOf(error)?.startsWith('SQLITE_CONSTRAINT')
        throw isOfTheLine ? refuse('it repeats an earlier line', { cause: error }) : error
      }
      isOver = true
      const readMessages = counts.messages + counts.left
      if (line.messages !== readMessages) {
        throw new ImportError(
          'cut_short',
          `Line ${number}: the file should have ${line.messages} messages, but has ${readMessages}.`,
        )
      }
    },
    finish() {
      if (!isOver)
        throw new ImportError('cut_short', 'The file is cut short: its last line, "end", is missing.')
    },
  }
}
