/** The messages of one chat that are in this page's memory. */
import { Collection } from './collection.ts'
import { declareProps, Model } from './model.ts'
import type { MsgModel } from './msg-model.ts'

/** `noEarlierMsgs`: nothing older is loaded any more (WAWebChatLoadMessages), also if messages were removed since. */
class MsgLoadState extends Model<{ noEarlierMsgs: boolean; isLoadingEarlierMsgs: boolean }> {}

declareProps(MsgLoadState, 'noEarlierMsgs isLoadingEarlierMsgs')

/** Collection with the loading state that the real `ChatMsgsCollection` has (wa-js: misc/MsgLoad.ts). */
export class ChatMsgs extends Collection<MsgModel> {
  readonly msgLoadState: MsgLoadState = new MsgLoadState({
    noEarlierMsgs: false,
    isLoadingEarlierMsgs: false,
  })

  /** What loadings brought, oldest first. */
  #loaded: MsgModel[] = []

  /** The message that the next loading starts from: the oldest that a loading brought, else the first in memory. */
  loadedFrom(): MsgModel | undefined {
    this.#loaded = this.#loaded.filter((model) => this.get(model) === model)
    return this.#loaded[0] ?? this._models[0]
  }

  /**
   * Adds what a loading returned, oldest first. The collection promises no place for it, so every chat has
   * another one: at the end, in front, or anywhere, each message for itself, so that those of one second are shuffled.
   */
  addLoaded(models: MsgModel[]): void {
    const place = placeOf(models[0])
    const fresh = models.filter((model) => !this.get(model))
    const ordered = place === 'front' ? fresh.toReversed() : fresh
    for (const model of ordered) {
      const at =
        place === 'front' ? 0 : place === 'end' ? this.length : hashOf(model.key()) % (this.length + 1)
      this.add(model, { at })
    }
    this.#loaded.unshift(...models)
  }

  /** The newest one. Without copying all messages: histories are long. */
  override last(): MsgModel | undefined {
    return this._models.reduce<MsgModel | undefined>(
      (newest, model) => (newest && (newest.get('t') ?? 0) > (model.get('t') ?? 0) ? newest : model),
      undefined,
    )
  }
}

/** The same for the same chat. */
function placeOf(model: MsgModel | undefined): 'front' | 'end' | 'anywhere' {
  const chat = String(model?.get('id')?.remote ?? '')
  return (['end', 'front', 'anywhere'] as const)[hashOf(chat) % 3] ?? 'end'
}

/** Unsigned, 32 bits (FNV-1a): neighbours get far apart. */
function hashOf(text: string): number {
  let hash = 2_166_136_261
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619)
  // The lowest bits of FNV vary least.
  return (hash ^ (hash >>> 15)) >>> 0
}
