/** Watches the calls that ring in the page: what {@link installPageCalls} reports. The rules of page-rows.ts hold. */
import type { PageWindow } from './page-types.ts'
import type { CallRow } from './raw.ts'

type Call = {
  id?: unknown
  peerJid?: unknown
  groupJid?: unknown
  isVideo?: boolean
  isGroup?: boolean
  outgoing?: boolean
}
type Calls = { on?(events: string, run: (call: Call) => void): void }

declare const window: Omit<PageWindow, 'require'> & { require(name: 'WAWebCallCollection'): Calls }

/**
 * Call once per document, after `installPageRows`. Never throws. The page keeps ringing calls in a Map, sets each of them several
 * times, and some builds report others as models (wwebjs#201746, wa-js#3567): each call is reported once as it begins, and once
 * as it ends.
 */
export function installPageCalls(): void {
  const rows = window.whatsappMcpRows
  const ringing = new Map<string, CallRow>()
  const tools = {
    began(call: Call): void {
      const id = String(call.id ?? '')
      if (id === '' || call.outgoing === true || ringing.has(id)) return
      const group = call.isGroup === true && call.groupJid ? String(call.groupJid) : null
      const row = { id, from: String(call.peerJid), group, video: call.isVideo === true, ended: false }
      ringing.set(id, row)
      window.whatsappMcpChanged?.({ calls: [row] })
    },
    ended(id: string): void {
      const row = ringing.get(id)
      if (row === undefined) return
      ringing.delete(id)
      window.whatsappMcpChanged?.({ calls: [{ ...row, ended: true }] })
    },
    watch(calls: Calls): void {
      const known = Object.values(calls).find((one) => one instanceof Map) as Map<unknown, Call> | undefined
      if (known !== undefined) {
        const { set, delete: remove, clear } = known
        known.set = (key, call) => {
          rows.attempt(() => tools.began(call))
          return set.call(known, key, call)
        }
        known.delete = (key) => {
          rows.attempt(() => tools.ended(String(known.get(key)?.id ?? key)))
          return remove.call(known, key)
        }
        known.clear = () => {
          for (const id of [...ringing.keys()]) tools.ended(id)
          clear.call(known)
        }
        for (const call of known.values()) tools.began(call)
      }
      calls.on?.('add', (call) => rows.attempt(() => tools.began(call)))
      calls.on?.('remove', (call) => rows.attempt(() => tools.ended(String(call.id))))
    },
  }
  rows.attempt(() => tools.watch(window.require('WAWebCallCollection')))
}
