/** Profile pictures (WAWebContactProfilePicThumbBridge, WAWebProfilePicThumbCollection). */
import { Collection } from '../collection.ts'
import { ServerStatusCodeError } from '../errors.ts'
import { isOn } from '../faults.ts'
import { declareProps, Model } from '../model.ts'
import { connection } from '../page.ts'
import { alternateOf, isMe } from '../people.ts'
import { defineModule } from '../registry.ts'
import { Chat } from '../stores.ts'
import { createWid, Wid } from '../wid.ts'

/** `tag`: '' if there is none, or it is hidden; undefined if the server has not said. `img`: the small one. */
type ThumbProps = { id: Wid; tag: string | undefined; eurl: string | undefined; stale: boolean }

class ThumbModel extends Model<ThumbProps> {
  get img(): string | undefined {
    return this.get('tag') ? this.get('eurl') : undefined
  }

  canSet(): boolean {
    const id = this.get('id')
    const chat = id?.isGroup() ? Chat.get(id) : undefined
    if (id?.isGroup()) return !(chat?.groupMetadata?.get('restrict') === true && !chat.iAmAdmin())
    return id !== undefined && isMe(id)
  }

  canDelete(): boolean {
    return Boolean(this.get('tag')) && this.canSet()
  }
}

declareProps(ThumbModel, 'id tag eurl stale')

class ThumbCollection extends Collection<ThumbModel> {
  /** Takes addresses only: the library's text is refused (WAWebProfilePicThumbCollection, 2026). */
  async find(id: unknown): Promise<ThumbModel> {
    if (!(id instanceof Wid))
      throw new Error('ProfilePicThumbCollection.findImpl called with a non-WAWebWid id')
    return this.get(id) ?? this.add(new ThumbModel(await requestProfilePicFromServer({ id })))
  }

  async resync(id: Wid): Promise<void> {
    this.get(id)?.set(await requestProfilePicFromServer({ id }))
  }
}

/** For `WAWebCollections`. */
export const ProfilePicThumb: ThumbCollection = new ThumbCollection()

/**
 * Resolves also for a refusal: with an empty tag for a picture that is not there or hidden, and without one if the server does not
 * say. A request for somebody by phone number may never be answered.
 */
async function requestProfilePicFromServer({ id }: { id: unknown }): Promise<ThumbProps> {
  if (!(id instanceof Wid)) throw new TypeError('a.isNewsletter is not a function')
  const answer = await connection().ask('picture', { jid: String(id) })
  if (!('error' in answer) && isOn('pictures_untagged'))
    return { id, tag: undefined, eurl: answer.url, stale: false }
  if (!('error' in answer)) return { id, tag: answer.tag, eurl: answer.url, stale: false }
  const isNone = answer.error.code === 401 || answer.error.code === 404
  return { id, tag: isNone ? '' : undefined, eurl: undefined, stale: !isNone }
}

async function change(wid: unknown, data: string | null): Promise<void> {
  if (!(wid instanceof Wid)) throw new TypeError('e.isUser is not a function')
  const answer = await connection().ask('set_picture', { jid: String(wid), data })
  if (answer) throw new ServerStatusCodeError(answer.error)
}

/** Two data URLs, of which only the large one is sent; then asks the server for what became of it. */
async function sendSetPicture(wid: unknown, _thumb: unknown, picture: unknown): Promise<object> {
  const data = /^data:image\/jpeg;base64,(.+)$/.exec(String(picture))?.[1]
  if (data === undefined) throw new TypeError("Cannot read properties of null (reading 'data')")
  await change(wid, data)
  const { tag, eurl } = await requestProfilePicFromServer({ id: wid })
  if (tag === undefined) throw new ServerStatusCodeError({ name: '', code: 429, text: 'rate-overlimit' })
  void learnPicture(String(wid))
  return { tag, eurl, status: 200 }
}

async function requestDeletePicture(wid: unknown): Promise<object> {
  await change(wid, null)
  void learnPicture(String(wid))
  return { status: 200 }
}

/** It has changed. The page asks for pictures that it has, and knows of no others. */
export async function learnPicture(jid: string): Promise<void> {
  const wid = createWid(jid)
  for (const one of [wid, alternateOf(wid)]) if (one) await ProfilePicThumb.resync(one)
}

/** Defines the modules of this file. */
export function definePictures(): void {
  defineModule('WAWebContactProfilePicThumbBridge', {
    requestProfilePicFromServer,
    sendSetPicture,
    requestDeletePicture,
  })
}
