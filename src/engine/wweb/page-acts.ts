/** What actions on messages share, in the page: what {@link installPageActs} adds. The rules of page-rows.ts hold. */
import type { ChatModel, Key, MsgModel, PageWindow } from './page-types.ts'
import type { Done, Verdict } from './raw.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/** One action in progress: the message, its chat, and how to find it again. */
export type ActTarget = {
  message: MsgModel
  chat: ChatModel
  again(): Promise<MsgModel | undefined>
  /** Calls what changes something: if it fails after that, the change may have happened. */
  begin<T>(call: () => Promise<T> | T): Promise<T>
}

/** `result`: a new message. */
type Outcome = Verdict | { verdict: Verdict; result: MsgModel | undefined }

export type PageActs = {
  /**
   * Runs an action on the message with one of these keys. `work` returns a verdict, with the message that it made if there
   * is a new one, and throws if the page fails: before it begins, nothing was changed; after that, the verdict is `open`.
   */
  run(keys: readonly string[], endsAt: number, work: (target: ActTarget) => Promise<Outcome>): Promise<Done>
  /** Waits until WhatsApp Web shows the result; `open` if it does not within `forMs`, by default 5 s. */
  until(isDone: () => Promise<boolean> | boolean, forMs?: number): Promise<Verdict>
  /**
   * Runs a command of WhatsApp Web. Its work is `chat.promises[name]`; while one is pending, WhatsApp Web ignores the
   * next one without a word (WAWebChatSendMessages). Returns false if its turn came after `endsAt`: nothing was done.
   */
  command(target: ActTarget, name: string, endsAt: number, call: () => unknown): Promise<boolean>
  /**
   * Gives this key to the next forward that WhatsApp Web sends to this chat. Returns a function that takes an unused key back.
   */
  nameNextForward(sending: PageSending, chat: ChatModel, key: Key): () => void
}

/** WAWebSendMsgChatAction, to which WhatsApp Web hands on all that it sends. */
export type PageSending = {
  addAndSendMsgToChat(chat: unknown, data: Record<string, unknown>, ...more: unknown[]): unknown
}

/** Call once per document, after `installPageSends`. */
export function installPageActs(): void {
  /** From the end of a call until its result shows. */
  const SHOWN_MS = 5_000
  const LOOK_MS = 50
  const rows = window.whatsappMcpRows
  const names = new Map<unknown, Key>()
  const hooked = new WeakSet<PageSending>()
  const tools = {
    async run(
      keys: readonly string[],
      endsAt: number,
      work: (target: ActTarget) => Promise<Outcome>,
    ): Promise<Done> {
      const message = await window.whatsappMcpFind(keys)
      if (Date.now() >= endsAt) return { verdict: 'not_begun', message: null }
      const chat = message && rows.findChat(String(message.id.remote))
      if (!message || !chat) return { verdict: 'missing', message: null }
      let isBegun = false
      const target: ActTarget = {
        message,
        chat,
        again: () => window.whatsappMcpFind(keys),
        async begin(call) {
          const result = call()
          isBegun = true
          return result
        },
      }
      let why: string | undefined
      const outcome = rows.isMessage(message)
        ? await work(target).catch((error: unknown) => {
            if (!isBegun) throw error
            why = String(error)
            return 'open' as const
          })
        : 'refused'
      const { verdict, result } =
        typeof outcome === 'string' ? { verdict: outcome, result: undefined } : outcome
      // The action is done: if the message cannot be read again, that is no error.
      const present =
        result ?? (message.type === 'revoked' ? message : await target.again().catch(() => undefined))
      const shown = (present && rows.attempt(() => rows.message(present))) ?? null
      return { verdict, message: shown, ...(why === undefined ? {} : { why }) }
    },

    async until(isDone: () => Promise<boolean> | boolean, forMs = SHOWN_MS): Promise<Verdict> {
      for (let looks = 0; looks * LOOK_MS < forMs; looks += 1) {
        if (await isDone()) return 'done'
        await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS))
      }
      return 'open'
    },

    async command(
      { chat, begin }: ActTarget,
      name: string,
      endsAt: number,
      call: () => unknown,
    ): Promise<boolean> {
      // A command that has ended may stay there. Its error says nothing about this call.
      for (let before: unknown; chat.promises?.[name] && chat.promises[name] !== before; ) {
        before = chat.promises[name]
        await chat.promises[name]?.catch(() => {})
      }
      if (Date.now() >= endsAt) return false
      await begin(call)
      await chat.promises?.[name]?.catch(() => {})
      return true
    },

    nameNextForward(sending: PageSending, chat: ChatModel, key: Key): () => void {
      if (!hooked.has(sending)) {
        hooked.add(sending)
        const { addAndSendMsgToChat } = sending
        sending.addAndSendMsgToChat = (target, data, ...more) => {
          const isForward =
            data.isForwarded === true || data.forwardedFromWeb === true || data.multicast === true
          const own = isForward ? names.get(target) : undefined
          if (own !== undefined) {
            names.delete(target)
            data.id = own
          }
          return addAndSendMsgToChat(target, data, ...more)
        }
      }
      names.set(chat, key)
      return () => {
        if (names.get(chat) === key) names.delete(chat)
      }
    },
  }
  window.whatsappMcpActs = tools satisfies PageActs
}
