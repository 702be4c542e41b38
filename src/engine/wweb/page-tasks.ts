/** What tasks share, in the page: what {@link installPageTasks} adds. The rules of page-rows.ts hold. */
import type { MemberCode } from '../../model/task.ts'
import type { PageModuleTools } from './compat/page-modules.ts'
import type { ChatModel, PageWindow, Participant, Wid } from './page-types.ts'
import type { ChatRow } from './raw.ts'
import type { TaskProblem } from './tasks/task.ts'

declare const window: PageWindow & { whatsappMcpModules: Pick<PageModuleTools, 'ensure'> }
declare function setTimeout(run: () => void, ms: number): unknown

/** The outcome of WhatsApp's server for one address. */
export type Verdict = { wid: Wid | string; code: string | number }

/** What the work of a task returns. `group`: the chat to read again afterwards, if it is there. `partly`: what was done. */
type Work<T> = { gives: T; group?: string; problem?: undefined } | { problem: TaskProblem; partly?: string[] }

export type PageTasks = {
  /**
   * Runs the work of a task, unless it is later than `endsAt` (Unix ms). A refusal of WhatsApp's server that it throws becomes
   * a problem, by its status; any other error is thrown.
   */
  run<T>(endsAt: number, work: () => Promise<Work<T>>): Promise<Outcome<T>>
  /** The same in this chat. */
  inChat<T>(id: string, endsAt: number, work: (chat: ChatModel) => Promise<Work<T>>): Promise<Outcome<T>>
  /** The same in a group of which this account is a member. */
  inGroup<T>(id: string, endsAt: number, work: (chat: ChatModel) => Promise<Work<T>>): Promise<Outcome<T>>
  /**
   * The answer to a question that precedes a change. Without one just before this time it throws, and {@link PageTasks.run} returns
   * `not_begun`: the caller has its response by then, and may try again.
   */
  inTime<T>(endsAt: number, question: Promise<T>): Promise<T>
  /**
   * Asks the server for the members of a group that has none: on some starts they arrive late. A group that this account has left
   * stays without.
   */
  loadMembers(chat: ChatModel): Promise<void>
  /** The first of these modules that has this export. Throws as {@link PageTasks.need}. */
  needOf<T>(name: string, modules: readonly string[]): Promise<T>
  /** An export of a module of WhatsApp Web, loaded if it is not there yet. Throws if this build does not have it. */
  need<T>(module: string): Promise<T>
  wid(id: string): Wid
  /** The HTTP-like status of a refusal of the server; null for any other exception. */
  statusOf(error: unknown): number | null
  problemOf(status: number): TaskProblem
  /** What to throw for a refusal that WhatsApp Web resolves with. */
  refusal(code: string | number): Error
  memberCode(code: string | number): MemberCode
  member(chat: ChatModel, id: string): Participant | undefined
  /** This account among the members; undefined: it is none. */
  me(chat: ChatModel): Participant | undefined
  /** All addresses of this person that are known. */
  addresses(id: string | Wid): string[]
  /** True if this person is this account. */
  isMe(id: string): boolean
  /** The phone JID if it is known, else the address as it is. */
  best(wid: string | Wid): string
  /**
   * Returns the address of this person for requests, which may be another number; null if this one is not on WhatsApp. Lookups run one
   * after the other. Throws as {@link PageTasks.inTime}.
   */
  lookUp(id: string, endsAt: number): Promise<Wid | null>
  /** The people who were found, each once: two of the given addresses may belong to one person. */
  people(found: readonly (Wid | null)[]): Wid[]
  /** One code for each id in `asked`, in order. A verdict may name the person by another address; without one: `unknown`. */
  codesFor(asked: readonly string[], verdicts: readonly Verdict[]): MemberCode[]
  isAdmin(person: Participant | undefined): boolean
  /** Each of these as a row; null for one that cannot be read, which the translator logs and leaves out. */
  each<M, T>(models: readonly M[], read: (model: M) => T): T[]
  /** The first of these that is a text, and not empty; "" if none is. */
  words(...values: unknown[]): string
  /** The code of the group's invite. */
  inviteOf(group: string): Promise<string>
  /** The group of this invite; null if the invite is not valid. */
  invited(invite: string): Promise<Invited | null>
  /** Who waits for the approval of an admin; in the form of the page's database. */
  requestsOf(group: string): Promise<{ id: Wid | string; t?: number }[]>
  /** What identifies a picture; null: there is none; undefined: the server does not say. */
  tagOf(thumb: Thumb): string | null | undefined
  /** Waits until WhatsApp Web shows a change: a moment, or almost until this time (Unix ms). False: it does not. */
  shown(isShown: () => boolean, endsAt?: number): Promise<boolean>
  /** What each chat shows now, by its id: the `by` of the task that began it. */
  states: Map<string, string>
  after(ms: number, run: () => void): void
  /** `shown`: whether the account is to be shown as online; `readers`: how many chats are being read. While one is, the device counts as online. */
  online: { shown: boolean; readers: number }
  /** Resolves when the next number can be looked up. */
  lookingUp: Promise<void>
}

type Outcome<T> =
  | { gives: T; chat: ChatRow | null; problem?: undefined }
  | { problem: TaskProblem; partly?: string[] }

/** What the server says of a picture. The library reads its address only, which names the file. */
export type Thumb = { tag?: string | null; eurl?: string | null }

/** As the server describes a group to those who have its invite (WAWebGroupQueryJob). */
export type Invited = {
  id: Wid
  subject?: string
  desc?: string
  size?: number
  participants?: unknown[]
  membershipApprovalMode?: unknown
}
type QueryModule = {
  queryAndUpdateGroupMetadataById(options: { id: string }): Promise<unknown>
  queryGroupInvite(invite: string): Promise<Invited>
}
type RequestStore = {
  getMembershipApprovalRequests(group: Wid): Promise<{ id: Wid | string; t?: number }[] | undefined>
}
type InviteCodes = { fetchMexGroupInviteCode(group: string): Promise<string | { code: string }> }

/** The error of a task that lacks what it needs: nothing was changed. */
export const NOT_BEGUN = /whatsappMcp: not begun/

/** Call once per document, after `installPageRows`. */
export function installPageTasks(): void {
  /** The server's notification usually arrives before its response. */
  const SHOWN_MS = 3_000
  const LOOK_MS = 25
  /** From the last look until Node has the result: later it would be unknown. */
  const REPORT_MS = 200
  /** Between two lookups of numbers. */
  const PACE_MS = 100
  /** For so long a lookup without an answer delays the next one. */
  const SILENT_MS = 10_000
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  const late = new Error('whatsappMcp: not begun: its time is over')
  const rows = window.whatsappMcpRows
  /** The server's address of each person who was looked up, by the asked one: the page may learn it only later. */
  const looked = new Map<string, Wid>()
  const CODES: Record<string, MemberCode> = {
    '200': 'done',
    '403': 'invite_only',
    '404': 'not_on_whatsapp',
    '408': 'left_recently',
    '409': 'already',
    '419': 'full',
    // The admins are asked to approve it (`membership_approval_request`).
    '421': 'not_admin',
  }
  const tools: PageTasks = {
    async run(endsAt, work) {
      if (Date.now() >= endsAt) return { problem: 'not_begun' }
      try {
        const done = await work()
        if (done.problem !== undefined) return done
        return { gives: done.gives, chat: (done.group && rows.chats([done.group])[0]) || null }
      } catch (error) {
        if (error === late) return { problem: 'not_begun' }
        const status = tools.statusOf(error)
        if (status === null) throw error
        return { problem: tools.problemOf(status) }
      }
    },

    async inTime(endsAt, question) {
      const over = pause(endsAt - REPORT_MS - Date.now()).then(() => Promise.reject(late))
      const answer = await Promise.race([question, over])
      if (Date.now() >= endsAt) throw late
      return answer
    },

    states: new Map(),

    online: { shown: false, readers: 0 },

    lookingUp: Promise.resolve(),

    after: (ms, run) => void setTimeout(run, ms),

    inChat(id, endsAt, work) {
      return tools.run(endsAt, async () => {
        const chat = rows.findChat(id)
        if (!chat) return { problem: 'missing' }
        const done = await work(chat)
        return done.problem === undefined ? { group: String(chat.id), ...done } : done
      })
    },

    inGroup(id, endsAt, work) {
      return tools.inChat(id, endsAt, async (chat) => {
        await tools.inTime(endsAt, tools.loadMembers(chat))
        if (!tools.me(chat)) return { problem: 'not_member' }
        return work(chat)
      })
    },

    async loadMembers(chat) {
      if (chat.groupMetadata?.participants?.getModelsArray().length) return
      const { queryAndUpdateGroupMetadataById } = await tools.need<QueryModule>('WAWebGroupQueryJob')
      await queryAndUpdateGroupMetadataById({ id: String(chat.id) }).catch((error: unknown) => {
        if (![401, 403, 404].includes(tools.statusOf(error) ?? 0)) throw error
      })
    },

    async need<T>(module: string): Promise<T> {
      const found = await window.whatsappMcpModules.ensure(module)
      if (found === undefined) throw new Error(`whatsappMcp: not begun: there is no ${module}`)
      return found as T
    },

    async needOf<T>(name: string, modules: readonly string[]): Promise<T> {
      for (const module of modules) {
        const found = await window.whatsappMcpModules.ensure(module)
        if (rows.attempt(() => Reflect.get(Object(found), name)) !== undefined) return found as T
      }
      throw new Error(`whatsappMcp: not begun: there is no ${name}`)
    },

    wid: (id) => window.require('WAWebWidFactory').createWid(id),

    statusOf(error) {
      const { name, status } = Object(error) as { name?: unknown; status?: unknown }
      const isServers = String(name).includes('ServerError') || name === 'ServerStatusCodeError'
      return isServers && Number(status) > 0 ? Number(status) : null
    },

    refusal: (code) =>
      Object.assign(new Error('refused'), { name: 'ServerStatusCodeError', status: Number(code) }),

    problemOf(status) {
      if (status === 401 || status === 403) return 'not_admin'
      if (status === 404) return 'missing'
      if (status === 419) return 'full'
      if (status === 429) return 'too_many'
      return status >= 500 ? 'failed' : 'refused'
    },

    memberCode: (code) => CODES[String(code)] ?? (Number(code) >= 500 ? 'unknown' : 'refused'),

    addresses(id) {
      const wid = typeof id === 'string' ? tools.wid(id) : id
      const others = rows.others(wid)
      const found = looked.get(String(wid))
      return [wid, ...(others.length === 0 && found ? [found, ...rows.others(found)] : others)].map(String)
    },

    member(chat, id) {
      const { participants } = chat.groupMetadata ?? {}
      return tools.addresses(id).flatMap((one) => participants?.get(one) ?? [])[0]
    },

    me(chat) {
      const { getMaybeMePnUser, getMaybeMeLidUser } = window.require('WAWebUserPrefsMeUser')
      const own = [getMaybeMePnUser(), getMaybeMeLidUser()].map(String)
      return own.flatMap((one) => chat.groupMetadata?.participants?.get(one) ?? [])[0]
    },

    isMe(id) {
      const own = rows.me()
      return tools.addresses(id).some((one) => own.includes(one))
    },

    isAdmin: (person) => person?.isAdmin === true || person?.isSuperAdmin === true,

    each: (models, read) => models.map((model) => rows.attempt(() => read(model)) ?? (null as never)),

    words: (...values) => values.find((one): one is string => typeof one === 'string' && one !== '') ?? '',

    async inviteOf(group) {
      const { fetchMexGroupInviteCode } = await tools.need<InviteCodes>('WAWebMexFetchGroupInviteCodeJob')
      const answer = await fetchMexGroupInviteCode(group)
      return typeof answer === 'string' ? answer : answer.code
    },

    async invited(invite) {
      const { queryGroupInvite } = await tools.need<QueryModule>('WAWebGroupQueryJob')
      try {
        return await queryGroupInvite(invite)
      } catch (error) {
        if ([400, 404, 406, 410].includes(tools.statusOf(error) ?? 0)) return null
        throw error
      }
    },

    async requestsOf(group) {
      const { getMembershipApprovalRequests } = await tools.need<RequestStore>(
        'WAWebApiMembershipApprovalRequestStore',
      )
      return (await getMembershipApprovalRequests(tools.wid(group))) ?? []
    },

    tagOf({ tag, eurl }) {
      if (tag !== undefined && tag !== null) return tag || null
      return eurl ? new URL(eurl).pathname : undefined
    },

    best(wid) {
      const addresses = tools.addresses(wid)
      return addresses.find((one) => /@c\.us$/.test(one)) ?? addresses[0] ?? String(wid)
    },

    async lookUp(id, endsAt) {
      const wid = tools.wid(id)
      const known = rows.others(wid)
      if (wid.server === 'lid') return known[0] ?? wid
      // A number whose LID is known is on WhatsApp.
      if (known.length > 0) return wid
      const { queryWidExists } = await tools.need<{
        queryWidExists(wid: Wid): Promise<{ wid?: Wid } | null>
      }>('WAWebQueryExistsJob')
      const turn = tools.lookingUp
      const answer = turn.then(() => (Date.now() < endsAt ? queryWidExists(wid) : Promise.reject(late)))
      // WhatsApp restricts accounts that look up many strangers at once.
      tools.lookingUp = Promise.race([answer, turn.then(() => pause(SILENT_MS))]).then(
        () => pause(PACE_MS),
        (error) => (error === late ? undefined : pause(PACE_MS)),
      )
      const found = (await tools.inTime(endsAt, answer))?.wid
      if (found) looked.set(String(wid), found)
      if (!found) return null
      // By phone number, as the library asks: the response has the address of the chat. It may be that of another number.
      return [found, ...rows.others(found)].find(({ server }) => server === 'c.us') ?? wid
    },

    people: (found) => [...new Map(found.flatMap((one) => (one ? [[String(one), one]] : []))).values()],

    codesFor(asked, verdicts) {
      const codes = new Map(
        verdicts.flatMap(({ wid, code }) => tools.addresses(wid).map((one) => [one, code] as const)),
      )
      return asked.map((id) => {
        const address = tools.addresses(id).find((one) => codes.has(one))
        return address === undefined ? 'unknown' : tools.memberCode(codes.get(address) ?? 0)
      })
    },

    async shown(isShown, endsAt = Date.now() + SHOWN_MS) {
      while (Date.now() < endsAt - REPORT_MS && !rows.attempt(isShown)) await pause(LOOK_MS)
      return rows.attempt(isShown) === true
    },
  }
  window.whatsappMcpTasks = tools
}
