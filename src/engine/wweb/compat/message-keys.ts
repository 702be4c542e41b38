/** The serialized message key, which builds since July 2026 keep in another field. */
import type { Piece } from './piece.ts'

type Wid = { _serialized: string }
type MsgKeyClass = {
  new (fields: { from: Wid; to: Wid; id: string; selfDir: 'out' }): object
  prototype: object
}
type PageModules = {
  WAWebMsgKey: MsgKeyClass
  WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
}

declare const window: {
  require<Name extends keyof PageModules>(name: Name): PageModules[Name]
  WWebJS?: { getMessageModel(message: { id: object }): { id: object } }
}

/**
 * The key's own toString() returns the string on every build, also for messages to oneself, whose keys end in
 * `_out` (wwebjs#201857), so the getter calls it. Older builds own the field and set it in their constructor:
 * a getter on the prototype would make that throw, so it is not added there.
 */
export const messageKeys: Piece = {
  name: 'message_keys',
  builds: 'since 2.3000.1042401057',
  source: 'wwebjs#201830, wa-js#3484',
  mends:
    'Messages have no ids: whatsapp-web.js reads `_serialized` of a message key, and newer builds keep the text in `$1`.',
  when: 'linked',
  apply() {
    const MsgKey = window.require('WAWebMsgKey')
    const user = window.require('WAWebUserPrefsMeUser')
    const me = user.getMaybeMePnUser() ?? user.getMaybeMeLidUser()
    if (me === undefined || window.WWebJS === undefined) return false
    const sample = new MsgKey({ from: me, to: me, id: '3EB0', selfDir: 'out' })
    if ('_serialized' in sample) return false
    Object.defineProperty(MsgKey.prototype, '_serialized', {
      configurable: true,
      get() {
        return this.toString()
      },
    })
    const helpers = window.WWebJS
    const getMessageModel = helpers.getMessageModel
    helpers.getMessageModel = (message) => {
      const model = getMessageModel(message)
      // A getter is not transferred to Node: the copy must own the field.
      model.id = { ...model.id, _serialized: message.id.toString() } as object
      return model
    }
    return true
  },
}
