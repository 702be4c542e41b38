/** The messages of one chat that are in this page's memory, oldest first. */
import { Collection } from './collection.ts'
import { Model } from './model.ts'
import type { MsgModel } from './msg-model.ts'

/** Collection with the loading state that the real `ChatMsgsCollection` has (wa-js: misc/MsgLoad.ts). */
export class ChatMsgs extends Collection<MsgModel> {
  readonly msgLoadState: Model<{ noEarlierMsgs: boolean; isLoadingEarlierMsgs: boolean }> = new Model({
    noEarlierMsgs: false,
    isLoadingEarlierMsgs: false,
  })

  /** Without copying all messages: histories are long. */
  override head(): MsgModel | undefined {
    return this._models[0]
  }

  override last(): MsgModel | undefined {
    return this._models.at(-1)
  }
}
