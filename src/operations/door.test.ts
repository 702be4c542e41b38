import { describe, expect, it } from 'vitest'
import type { Account } from '../accounts/account.ts'
import { systemClock } from '../clock.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import { toJid } from '../model/ids.ts'
import { type Call, type Caller, DEFAULT_ACCOUNT, OWNER, SCOPES, type Scope } from './call.ts'
import { type AccountsPort, type Admission, createDoor, type DoorOptions, type Needs, run } from './door.ts'
import { OPERATIONS } from './index.ts'
import { createMediaLinks } from './media-links.ts'

/** Rooms that say their own name; what is not asked for here must not be reached. */
const account: Account = {
  id: DEFAULT_ACCOUNT,
  session: Object.assign(Object.create(null), { engine: () => 'the engine', requireLinked: () => {} }),
  archive: Object.assign(Object.create(null), {
    media: 'media',
    loadEarlier: 'loadEarlier',
    forget: 'forget',
  }),
  outbox: Object.create(null),
}
const accounts: AccountsPort = Object.assign(Object.create(null), {
  get: (id: string) => (id === DEFAULT_ACCOUNT ? account : fail('account_not_found')),
})
const admissions: Admission[] = []
const options: DoorOptions = {
  accounts,
  keys: Object.create(null),
  webhooks: Object.create(null),
  rules: { file: () => ({ isOn: false, file: '', readAtMs: null, problem: null }), list: async () => [] },
  uploads: { of: () => Object.create(null) },
  control: Object.create(null),
  mcpSends: 'open',
  hideChats: [],
  audit: Object.create(null),
  pace: { take() {} },
  ownIds: { create: () => '' },
  mediaLinks: createMediaLinks('a secret', systemClock),
  clock: systemClock,
  mcpUrl: () => 'http://127.0.0.1:1/mcp',
  onAdmit: (admission) => admissions.push(admission),
}
const door = createDoor(options)

function callWith(scopes: Scope[], more: Partial<Call> = {}): Call {
  const caller: Caller = { ...OWNER, id: 'somebody', scopes: new Set(scopes) }
  const { signal } = new AbortController()
  return {
    caller,
    face: 'rest',
    client: 'curl',
    account: DEFAULT_ACCOUNT,
    requestId: 'r',
    canAsk: false,
    signal,
    ...more,
  }
}

function codeOf(work: () => unknown): ErrorCode | 'none' {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof AppError ? error.code : expect.fail(String(error))
  }
}

describe('the door', () => {
  it.each(SCOPES)('rejects callers without the scope %s, and accepts admin everywhere', (scope) => {
    const way = { name: 'a way', scope, needs: 'nothing' } as const
    const others = SCOPES.filter((one) => one !== scope && one !== 'admin')
    expect(codeOf(() => door.admit(way, callWith(others)))).toBe('scope_missing')
    expect(codeOf(() => door.admit(way, callWith([scope])))).toBe('none')
    expect(codeOf(() => door.admit(way, callWith(['admin'])))).toBe('none')
  })

  it.each<[Scope, Needs, string[]]>([
    ['read', 'nothing', []],
    ['read', 'ready', ['engine']],
    ['send', 'ready', ['answering', 'createMessageId', 'engine', 'isHeld', 'note', 'send', 'uploads']],
    ['send', 'nothing', ['answering', 'createMessageId', 'isHeld', 'note', 'send', 'uploads']],
    ['manage', 'nothing', ['forget', 'loadEarlier', 'note', 'uploads']],
    ['admin', 'linked', ['audit', 'deciding', 'keys', 'outbox', 'rules', 'session', 'webhooks']],
  ])('gives a way of scope %s that needs %s only what it may use', (scope, needs, more) => {
    const read = Object.keys(
      door.admit({ name: 'a way', scope: 'read', needs: 'nothing' }, callWith(['read'])),
    )
    const granted = Object.keys(door.admit({ name: 'a way', scope, needs }, callWith([scope])))
    expect(granted.filter((name) => !read.includes(name)).sort()).toEqual(more)
    expect(read).not.toContain('archive')
  })

  it('lets a client that leaves end what it reads, and nothing that acts', () => {
    Object.assign(account.archive, { reader: (signal: AbortSignal) => signal.aborted })
    const isEnded = (scope: Scope) => {
      const call = callWith([scope], { signal: AbortSignal.abort() })
      return door.admit({ name: 'a way', scope, needs: 'nothing' }, call).reader()
    }
    expect(SCOPES.map((scope) => [scope, isEnded(scope)])).toEqual(
      SCOPES.map((scope) => [scope, scope === 'read']),
    )
  })

  it('admits only to its own accounts', () => {
    const way = { name: 'a way', scope: 'read', needs: 'nothing' } as const
    expect(codeOf(() => door.admit(way, callWith(['read'], { account: 'other' })))).toBe('account_not_found')
  })

  it('admits no caller to an account that is not its own, but to what is of the server', () => {
    const caller: Caller = { ...OWNER, id: 'somebody', accounts: new Set(['work']) }
    const way = { name: 'a way', scope: 'read', needs: 'nothing' } as const
    expect(codeOf(() => door.admit(way, callWith(['read'], { caller })))).toBe('account_not_found')
    const global = { ...way, isGlobal: true } as const
    expect(codeOf(() => door.admit(global, callWith(['read'], { caller })))).toBe('none')
    expect(codeOf(() => door.admit(global, callWith(['read'], { caller, account: 'other' })))).toBe(
      'account_not_found',
    )
    expect(door.stateFor(callWith(['read'], { caller }))).toBe(null)
  })

  it('names no chat, and counts no messages, in the status of a caller that does not see every chat', () => {
    const sync = { failed_chats: ['120363000000000001@g.us'] }
    const status = { sync, archive: { messages: 7, unknown_messages: 1, problem: null } }
    Object.assign(account.session, { status: () => status })
    Object.assign(accounts, { list: () => [{ id: DEFAULT_ACCOUNT, status }] })
    Object.assign(accounts, { view: () => ({ status }) })
    const named = (more: Partial<Caller>) => {
      const caller: Caller = { ...OWNER, id: 'somebody', ...more }
      const way = { name: 'a way', scope: 'read', needs: 'nothing' } as const
      const { status, accounts } = door.admit(way, callWith(['read'], { caller }))
      const all = [
        status(),
        accounts.view(DEFAULT_ACCOUNT).status,
        ...accounts.list().map((one) => one.status),
      ]
      return all.map(({ sync, archive }) => [
        sync?.failed_chats,
        archive?.messages,
        archive?.unknown_messages,
      ])
    }
    const scopes = new Set<Scope>(['read'])
    expect(named({ scopes })).toEqual(Array(3).fill([sync.failed_chats, 7, 1]))
    expect(named({ scopes, sees: { only: null, hide: [toJid('15551230001@c.us')] } })).toEqual(
      Array(3).fill([[], null, null]),
    )
  })

  it('forgets the sends of a chat by all its addresses, also where the archive takes longer', async () => {
    const [phone, lid] = [toJid('15550001@c.us'), toJid('777@lid')]
    const archive = {
      reader: () => ({
        getChat: async () => ({ chat: { id: phone } }),
        addressesOf: async () => [phone, lid],
      }),
      forget: async () => fail('still_forgetting'),
    }
    const forgotten: unknown[] = []
    const mine = createDoor({
      ...options,
      accounts: Object.assign(Object.create(null), {
        get: () => ({ ...account, archive: Object.assign(Object.create(null), archive) }),
      }),
      control: Object.assign(Object.create(null), {
        outbox: { forget: async (...args: unknown[]) => void forgotten.push(args) },
      }),
    })
    const way = { name: 'a way', scope: 'manage', needs: 'nothing' } as const
    const granted = mine.admit(way, { ...callWith(['manage']), caller: OWNER })
    await expect(granted.forget(phone)).rejects.toMatchObject({ code: 'still_forgetting' })
    expect(forgotten).toEqual([[DEFAULT_ACCOUNT, [phone, lid]]])
  })

  it('returns no state to a caller that may not read it', () => {
    expect(door.stateFor(callWith(['send']))).toBe(null)
  })

  it('returns no state for the error of a call whose account is gone', () => {
    expect(door.stateFor(callWith(['read'], { account: 'other' }))).toBe(null)
  })

  it('logs admitted callers, and no rejected ones', () => {
    admissions.length = 0
    const way = { name: 'a way', scope: 'manage', needs: 'nothing' } as const
    codeOf(() => door.admit(way, callWith(['read'])))
    door.admit(way, callWith(['manage']))
    expect(admissions).toEqual([
      {
        operation: 'a way',
        caller: 'somebody',
        account: DEFAULT_ACCOUNT,
        face: 'rest',
        client: 'curl',
        requestId: 'r',
        canAsk: false,
      },
    ])
  })
})

describe('the rows', () => {
  it('that change something on WhatsApp end within 30 s, and then call the outcome unknown', () => {
    const changing = OPERATIONS.filter(
      ({ name, effect, uses = [] }) => effect !== 'read' && (uses.length > 0 || name === 'remove_account'),
    )
    const others = changing.filter(
      ({ effect, limitMs = 0, lateCode }) =>
        effect !== 'send' && !(limitMs <= 30_000 && lateCode === 'outcome_unknown'),
    )
    // They have times of their own, and change nothing that another call would not.
    expect(others.map(({ name }) => name)).toEqual(['start_auth', 'pairing_code', 'load_earlier'])
  })

  it.each<[name: string, code: ErrorCode]>([
    ['test_webhook', 'outcome_unknown'],
    ['add_key', 'outcome_unknown'],
    ['change_outbox_item', 'outcome_unknown'],
    ['react', 'outcome_unknown'],
    ['send_to_chat', 'send_outcome_unknown'],
    ['load_earlier', 'whatsapp_timeout'],
    ['list_chats', 'whatsapp_timeout'],
  ])('late, %s says %s', async (name, code) => {
    const row = OPERATIONS.find((one) => one.name === name) ?? expect.fail(`there is no ${name}`)
    const clock = {
      now: () => 0,
      after(_: number, then: () => void) {
        setImmediate(then)
        return () => {}
      },
    }
    const late = run({ ...row, run: () => new Promise(() => {}) } as never, {}, { clock } as never)
    await expect(late).rejects.toMatchObject({ code })
  })

  it('that send require the scope send, and those that change something require more than read', () => {
    for (const { name, effect, scope } of OPERATIONS) {
      if (effect === 'send') expect(scope, name).toBe('send')
      if (effect === 'read') expect(['read', 'manage', 'admin'], name).toContain(scope)
      else expect(scope, name).not.toBe('read')
    }
  })
})
