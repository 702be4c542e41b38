/**
 * Removes messages from WhatsApp Web's memory that reading the history loaded into it: what
 * {@link installPageMemory} adds to page-rows.ts, with the same rules. WhatsApp Web itself never removes them. They stay in
 * its database, where it looks up what is not in memory.
 */
import type { ChatModel, MsgModel, PageMemory, PageWindow, Reading } from './page-types.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/** How much of the loaded history stays in memory. */
export type MemoryLimits = {
  /** Messages, in all chats together, that stay loaded for the next request. */
  most: number
  /** The loaded history of a chat is removed after this time without a reading. */
  idleMs: number
  /**
   * Younger messages stay: WhatsApp Web reports only changes of messages that it has in memory. A message can be
   * deleted for everyone for 60 hours, and phones accept that for 12 hours more.
   */
  changeableS: number
}

export const MEMORY_LIMITS: MemoryLimits = { most: 2_000, idleMs: 10_000, changeableS: 72 * 3600 }

/** Call once per document, after `installPageRows`. */
export function installPageMemory({ most, idleMs, changeableS }: MemoryLimits): void {
  /** Messages that stay while a reader passes through a chat. */
  const ANCHOR = 50
  const rows = window.whatsappMcpRows
  /** Least recently read first. */
  const readings = new Map<ChatModel, Reading>()
  let isWaiting = false
  const tools = {
    /**
     * What this chat has in memory because of us. Begins anew if messages up to the second `until` are needed and
     * some of them were removed again.
     */
    reading(chat: ChatModel, until: number): Reading {
      const known = readings.get(chat)
      if (known !== undefined && until <= known.below) return known
      if (known !== undefined) tools.releaseHistory(chat)
      const old = (chat.msgs?.getModelsArray() ?? []).filter(({ isNewMsg }) => isNewMsg !== true)
      const from = Math.min(Infinity, ...old.map((model) => rows.time(model)))
      const fresh = { loaded: [], from, below: Infinity, readers: known?.readers ?? 0, usedAt: Date.now() }
      readings.set(chat, fresh)
      return fresh
    },

    async during<T>(chat: ChatModel, run: () => Promise<T>): Promise<T> {
      tools.use(chat, 1)
      try {
        return await run()
      } finally {
        tools.use(chat, -1)
        tools.settle()
      }
    },

    /** Counts a reader in or out, and makes this chat the one that was read last. */
    use(chat: ChatModel, readers: 1 | -1): void {
      const reading = readings.get(chat) ?? tools.reading(chat, Infinity)
      reading.readers += readers
      reading.usedAt = Date.now()
      readings.delete(chat)
      readings.set(chat, reading)
    },

    /** Notes messages, oldest first, that were loaded for this reading. If the chat has a new reading by now, removes them. */
    noteLoaded(chat: ChatModel, reading: Reading, messages: MsgModel[]): void {
      if (readings.get(chat) !== reading) return void tools.drop(chat, messages, () => true)
      reading.loaded = [...messages, ...reading.loaded]
      reading.from = Math.min(reading.from, ...messages.map((message) => rows.time(message)))
    },

    /** The reader goes on to messages up to this second: in a long chat, removes most of the newer ones. */
    pass(chat: ChatModel, until: number): void {
      const reading = readings.get(chat)
      if (reading === undefined || reading.readers > 1 || reading.loaded.length <= most) return
      // The next loading continues before the oldest ones.
      const anchor = reading.loaded.slice(0, ANCHOR)
      const others = reading.loaded.slice(ANCHOR)
      reading.loaded = [...anchor, ...tools.drop(chat, others, (message) => rows.time(message) > until)]
      reading.below = Math.min(reading.below, until)
    },

    /** Removes what was loaded for this chat, except messages that may still change. Returns how many it removed. */
    releaseHistory(chat: ChatModel): number {
      const { loaded } = readings.get(chat) ?? { loaded: [] }
      readings.delete(chat)
      return loaded.length - tools.drop(chat, loaded, () => true).length
    },

    /**
     * Removes the messages for which `isOver` is true and that can no longer change. Returns the others. No event
     * reports it: WhatsApp Web and the library would take the removal for a deletion.
     */
    drop(chat: ChatModel, messages: MsgModel[], isOver: (message: MsgModel) => boolean): MsgModel[] {
      const { msgs } = chat
      const changeableSince = Date.now() / 1000 - changeableS
      const over = messages.filter((message) => rows.time(message) < changeableSince && isOver(message))
      if (msgs === undefined || over.length === 0) return messages
      msgs.remove(over, { silent: true })
      window.require('WAWebCollections').Msg.remove(over, { silent: true })
      // Otherwise WhatsApp Web would not load them again (WAWebChatLoadMessages).
      if (msgs.msgLoadState) msgs.msgLoadState.noEarlierMsgs = false
      const gone = new Set(over)
      return messages.filter((message) => !gone.has(message))
    },

    releaseAll(): number {
      const free = [...readings].filter(([, { readers }]) => readers === 0)
      return free.reduce((sum, [chat]) => sum + tools.releaseHistory(chat), 0)
    },

    /** Removes the history of chats that nobody needs. Repeats itself while there is any. */
    settle(): void {
      const idleSince = Date.now() - idleMs
      let held = [...readings.values()].reduce((sum, { loaded }) => sum + loaded.length, 0)
      const newest = [...readings.keys()].at(-1)
      for (const [chat, { loaded, readers, usedAt }] of [...readings]) {
        // The chat that was read last is read on: its reader passes through it.
        const isNeeded = usedAt > idleSince && (held <= most || chat === newest)
        if (readers > 0 || isNeeded) continue
        held -= loaded.length
        tools.releaseHistory(chat)
      }
      if (isWaiting || readings.size === 0) return
      isWaiting = true
      setTimeout(() => {
        isWaiting = false
        tools.settle()
      }, idleMs)
    },
  }
  window.whatsappMcpMemory = tools satisfies PageMemory
}

/** Removes the loaded history of all chats that nobody reads now. Returns the number of removed messages. */
export function pageReleaseHistory(): number {
  return window.whatsappMcpMemory.releaseAll()
}
