/** Media of status updates, which newer builds take as one object. */
import type { Piece } from './piece.ts'

type Model = Record<'id' | 'from' | 'to' | 'author' | 'ack', unknown>
type Said = { messageSendResult?: string; msg?: { ack?: number } } | undefined
type StatusPost = { mediaMsgData: object; beforeSend(): Promise<void>; funnelContext: undefined }
type Post = (...given: [post: StatusPost] | [message: Model, update: unknown]) => Promise<Said>
declare const window: {
  require(name: 'WAWebStatusGatingUtils'): { canCheckStatusRankingPosterGating?: () => boolean }
  require(name: 'WAWebSendStatusMsgAction'): { sendStatusMediaMsgAction?: Post }
  require(name: 'WAWebMsgDataFromModel'): { msgDataFromMsgModel(message: Model): Record<string, unknown> }
}

/**
 * The library calls a function that is gone, then passes a model and a function. Newer pages take the data of the message instead,
 * and make its model and its secret themselves: with a secret that is passed on, nobody can open the media. They also resolve for a
 * post that the server did not take. The library returns its own model, so the outcome is written into the ack of that model.
 */
export const statusMedia: Piece = {
  name: 'status_media',
  builds: 'since May 2026',
  source: 'waha#2063, wwebjs#201807, wwebjs PR #201816, OpenWA patch 2',
  mends: 'No media is posted as a status update: "canCheckStatusRankingPosterGating is not a function".',
  when: 'linked',
  apply() {
    const gating = window.require('WAWebStatusGatingUtils')
    const actions = window.require('WAWebSendStatusMsgAction')
    const send = actions.sendStatusMediaMsgAction
    if ('canCheckStatusRankingPosterGating' in gating || !send) return false
    gating.canCheckStatusRankingPosterGating = () => false
    actions.sendStatusMediaMsgAction = async (...given) => {
      const [model] = given
      if (!('ack' in model)) return send(model)
      const { id, from, to, author } = model
      const { msgDataFromMsgModel } = window.require('WAWebMsgDataFromModel')
      const { messageSecret: _, cannotBeRanked: __, ...data } = msgDataFromMsgModel(model)
      const mediaMsgData = { ...data, id, from, to, author }
      const said = await send({ mediaMsgData, beforeSend: async () => {}, funnelContext: undefined })
      if (said?.messageSendResult === 'ERROR_UPLOAD') throw new Error('whatsappMcp: not answered: status')
      if (said?.messageSendResult === 'OK') model.ack = said.msg?.ack || 1
      return said
    }
    return true
  },
}
