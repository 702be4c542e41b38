/** The messages of one chat that are in this page's memory, oldest first. */
import { Collection } from './collection.ts'
import { Model } from './model.ts'
import type { MsgModel } from './models.ts'

/** Collection with the loading state that the real `ChatMsgsCollection` has (wa-js: misc/MsgLoad.ts). */
export class ChatMsgs extends Collection<MsgModel> {
  readonly msgLoadState: Model<{ noEarlierMsgs: boolean; isLoadingEarlierMsgs: boolean }> = new Model({
    noEarlierMsgs: false,
    isLoadingEarlierMsgs: false,
  })
}
