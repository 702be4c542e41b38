/** What a call sees of an archive: everything that reads, limited to the chats of the caller. */
import type { Clock } from '../clock.ts'
import { AppError, fail } from '../errors.ts'
import { type Jid, type KeyParts, phoneOf, spelledAs } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import type { Status } from '../model/status.ts'
import type { Archive } from '../session/archive.ts'
import { type Call, hasScope } from './call.ts'

/** Returns the limits of the caller; null: none. @param hidden the chats that the settings hide from clients without `admin`, and from MCP */
export function sightOf(
  { caller, face }: Pick<Call, 'caller' | 'face'>,
  hidden: readonly Jid[],
): Sight | null {
  // A rule is the owner's, and no client.
  const also = face === 'mcp' || (face !== 'rule' && !hasScope(caller, 'admin')) ? hidden : []
  if (caller.sees === null && also.length === 0) return null
  // The archive may not have learned yet by which spelling WhatsApp knows a number.
  return { only: caller.sees?.only ?? null, hide: [...(caller.sees?.hide ?? []), ...also].flatMap(spelledAs) }
}

/** How long a read waits for WhatsApp: it has 2 s, and reads the archive before and after. */
const READ_PATIENCE_MS = 1_300

/** The parts of an archive that read, and those that act on one of its chats. */
export type Seen = Pick<Archive, 'export' | 'isListed' | 'media' | 'pictures' | 'loadEarlier' | 'forget'> & {
  /** As `Archive.fill`, as long as the call can wait. */
  fill(chat: Jid, count: number): ReturnType<Archive['fill']>
  reader(): ReturnType<Archive['reader']>
  events: Pick<Archive['events'], 'open'>
  /** True if the caller sees every chat. */
  seesAll: boolean
  /** True if the caller sees chats that come into being, such as a group that it creates. */
  seesNew: boolean
  /** Returns the status without the ids of chats and the numbers of all messages if there are limits. */
  status(status: Status): Status
  /** Fails with `chat_not_found` if there are limits and the chat is outside of them, known or not. Fails as `Archive.reader`. */
  demandSeen(chat: Jid): void
}

/** Chats outside of the sight do not exist: the errors are those of an unknown chat or message. */
export function seenOf(archive: Archive, sight: Sight | null, signal: AbortSignal, clock: Clock): Seen {
  /** Unix ms, from the first read on. */
  let patientUntil: number | null = null
  const patienceMs = (): number => {
    patientUntil ??= clock.now() + READ_PATIENCE_MS
    return patientUntil - clock.now()
  }
  const settled = () => archive.settled(patienceMs())
  const reader = () => archive.reader(signal, sight, settled)
  const demandChat = async (chat: Jid) => void (sight === null || (await reader().getChat(chat)))
  const demandSeen = (chat: Jid): void => {
    if (sight !== null && !archive.sees(chat, sight)) fail('chat_not_found')
  }
  const demandMessage = async (key: KeyParts) => void (sight === null || (await reader().quoted(key)))
  return {
    reader,
    seesAll: sight === null,
    seesNew: sight === null || sight.only === null,
    status(status) {
      if (sight === null) return status
      const { sync, archive: archiveStatus } = status
      return {
        ...status,
        sync: sync && { ...sync, failed_chats: [] },
        archive: archiveStatus && { ...archiveStatus, messages: null, unknown_messages: null },
      }
    },
    events: { open: (wish) => archive.events.open({ ...wish, sight }) },
    demandSeen,
    isListed: archive.isListed,
    async export(chat, format) {
      await settled()
      return archive.export(chat, format, sight)
    },
    // Without a check: a read of the chat comes first, and fails if the caller does not see it.
    async fill(chat, count) {
      const leftMs = patienceMs()
      return leftMs > 0 ? archive.fill(chat, count, leftMs) : 'nothing'
    },
    media: {
      async open(key) {
        await demandMessage(key)
        return archive.media.open(key)
      },
      async thumbnail(key) {
        await demandMessage(key)
        return archive.media.thumbnail(key)
      },
      async words(key) {
        await demandMessage(key)
        return archive.media.words(key)
      },
    },
    pictures: {
      async open(of) {
        if (of === null) return archive.pictures.open(of)
        demandSeen(of)
        return archive.pictures.open(await ledTo(of, reader))
      },
    },
    async loadEarlier(chat, count) {
      await demandChat(chat)
      return archive.loadEarlier(chat, count)
    },
    async forget(chat) {
      await demandChat(chat)
      return archive.forget(chat)
    },
  }
}

/** Returns the address of the person to whom a number leads, which may be another number; any other address as it is. Fails as `Archive.reader`. */
export async function ledTo(one: Jid, reader: Seen['reader']): Promise<Jid> {
  return phoneOf(one) === null ? one : ((await reader().recipientAt(one))?.id ?? one)
}

/** True if the caller sees this chat. Fails as `Archive.reader`. */
export function isVisibleTo(chat: Jid, { demandSeen }: Pick<Seen, 'demandSeen'>): boolean {
  try {
    demandSeen(chat)
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'chat_not_found') return false
    throw error
  }
}
