/** The own profile: name and about text (WAWebSetPushnameConnAction, WAWebContactStatusBridge). */
import { ServerStatusCodeError } from '../errors.ts'
import { connection } from '../page.ts'
import { defineModule } from '../registry.ts'
import { Conn } from '../socket-model.ts'
import { Wid } from '../wid.ts'

async function set(changes: { pushname?: string; about?: string }): Promise<void> {
  const answer = await connection().ask('set_profile', changes)
  if (answer) throw new ServerStatusCodeError(answer.error)
}

async function setPushname(pushname: unknown): Promise<void> {
  if (typeof pushname !== 'string') throw new TypeError('setPushname: not a string')
  await set({ pushname })
  Conn.set({ pushname })
}

async function setMyStatus(about: unknown): Promise<void> {
  if (typeof about !== 'string') throw new TypeError('setMyStatus: not a string')
  await set({ about })
}

/** A person who hides it has the number of the refusal instead of a text. */
async function getStatus(person: { token?: unknown; wid?: unknown }): Promise<{ status: string | number }> {
  if (!(person?.wid instanceof Wid))
    throw new TypeError("Cannot read properties of undefined (reading 'toJid')")
  const { about } = await connection().ask('about', { jid: String(person.wid) })
  return { status: about ?? 401 }
}

/** Defines the modules of this file. */
export function defineProfile(): void {
  defineModule('WAWebSetPushnameConnAction', { setPushname })
  defineModule('WAWebContactStatusBridge', { getStatus, setMyStatus })
}
