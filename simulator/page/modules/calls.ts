/** Calls: they ring in `WAWebCallCollection`, and are rejected by a stanza or by the page's own calling engine. */
import type { WorldCall } from '../../world-types.ts'
import { Collection } from '../collection.ts'
import { boot, connection } from '../page.ts'
import { alternateOf } from '../people.ts'
import { defineModule } from '../registry.ts'
import { createWid } from '../wid.ts'

type Stanza = { tag: string; attrs: Record<string, unknown>; content: unknown }

class CallCollection extends Collection {
  /** The library wraps `set` of the first Map that it finds here, to detect calls. */
  readonly pendingCalls: Map<string, object> = new Map()
}

const calls: CallCollection = new CallCollection()

/** It rings, or has ended. The page sets a call again with each of its offers (wa-js#3567). */
export function learnCall({ id, from, video, group, state }: WorldCall): void {
  if (state !== 'ringing') {
    calls.pendingCalls.delete(id)
    return
  }
  const caller = createWid(from)
  const facts = { isVideo: video, isGroup: group !== undefined, canHandleLocally: false, outgoing: false }
  const call = {
    id,
    peerJid: (group === undefined ? undefined : alternateOf(caller)) ?? caller,
    webClientShouldHandle: false,
    ...facts,
    ...(group === undefined ? {} : { groupJid: createWid(group) }),
  }
  for (const _ of ['offer', 'offer_notice']) calls.pendingCalls.set(id, call)
}

const wap = (tag: string, attrs: Record<string, unknown>, content?: unknown): Stanza => ({
  tag,
  attrs,
  content,
})

/**
 * Sends a stanza without waiting for an answer. Since September 2026 the server does not end a call for a stanza: the caller goes
 * on ringing, without a word (OpenWA PR #1645).
 */
async function deprecatedCastStanza({ tag, content }: Stanza): Promise<void> {
  const [reject] = Array.isArray(content) ? content : []
  const id = reject?.tag === 'reject' ? reject.attrs['call-id'] : undefined
  if (tag === 'call' && boot.build.rejectsCalls) await connection().ask('reject_call', { id: String(id) })
}

/** The calling engine; 0: done. */
async function rejectCall(id: unknown): Promise<number> {
  await connection().ask('reject_call', { id: String(id) })
  return 0
}

/** The link of a scheduled call. */
async function createEventCallLink(startsAt: unknown, type: unknown): Promise<string> {
  if (typeof startsAt !== 'number' || (type !== 'video' && type !== 'voice'))
    throw new TypeError('createEventCallLink: not a call')
  return `https://call.whatsapp.com/${type}/${crypto.randomUUID().slice(0, 22)}`
}

/** Defines the modules of this file. */
export function defineCalls(): void {
  defineModule('WAWebGenerateEventCallLink', { createEventCallLink })
  defineModule('WAWebCallCollection', calls)
  defineModule('WAWap', { wap, generateId: () => `${Date.now()}.${Math.floor(Math.random() * 99_999)}` })
  defineModule('WADeprecatedSendIq', { deprecatedCastStanza })
  if (!boot.build.rejectsCalls)
    defineModule('WAWebVoipStackInterface', {
      getVoipStackInterface: async () => ({ type: 'web', rejectCall }),
    })
}
