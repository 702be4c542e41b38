/** Status updates of the account: posting text and media, and deleting (WAWebSendStatusMsgAction, WAWebRevokeStatusAction). */
import { isOn } from '../faults.ts'
import { MsgKeyOfBuild } from '../keys.ts'
import { Model } from '../model.ts'
import { MsgModel } from '../msg-model.ts'
import { boot, connection } from '../page.ts'
import { myPhoneWid } from '../people.ts'
import { defineModule } from '../registry.ts'
import { toSent } from '../send.ts'
import { Msg } from '../stores.ts'
import { createWid } from '../wid.ts'

type Post = { color: unknown; font: unknown; text: unknown }

/**
 * Resolves when the server has responded, also if it refused: newer builds then resolve with the result, and older ones with
 * nothing (waha#2063). The post is in memory like any own message, with its ack.
 */
async function sendStatusTextMsgAction({ color, font, text }: Post): Promise<object | undefined> {
  if (typeof color !== 'number' || typeof font !== 'number' || typeof text !== 'string')
    throw new TypeError('sendStatusTextMsgAction: not a status')
  const remote = createWid('status@broadcast')
  const t = Math.floor(Date.now() / 1000)
  const me = myPhoneWid()
  const id = new MsgKeyOfBuild({ fromMe: true, remote, id: await MsgKeyOfBuild.newId(), participant: me })
  const model = new MsgModel({
    id,
    type: 'chat',
    body: text,
    t,
    ack: 0,
    from: me,
    to: remote,
    author: me,
    isNewMsg: true,
  })
  if (!isOn('status_elsewhere')) Msg.add(model)
  const content = { id: id.id, chat: String(remote), type: 'chat', body: text, t, quoted: null }
  const { ack, result } = await connection().ask('send', { ...content, parts: { status: { color, font } } })
  model.set({ ack })
  return boot.build.reportsStatus ? { messageSendResult: result, msg: model } : undefined
}

type MediaPost = { mediaMsgData?: unknown; beforeSend?: unknown }

/**
 * Before May 2026, a model and a function that completes it. Since then one object with the data of the message: the page makes its
 * own model and secret, and another secret makes media that nobody can open (waha#2063, wwebjs#201807, PR #201816). It resolves
 * also for a post that failed: with `ERROR_UPLOAD` if the function throws. The page keeps its model among its messages, as far as a client sees.
 */
async function sendStatusMediaMsgAction(first: unknown, update?: unknown): Promise<object | undefined> {
  const isObject = boot.build.reportsStatus
  const { mediaMsgData, beforeSend = update } = (isObject ? Object(first) : {}) as MediaPost
  if (!isObject && !(first instanceof MsgModel))
    throw new TypeError("Cannot read properties of undefined (reading 'id')")
  const data = { ...(isObject ? Object(mediaMsgData) : (first as MsgModel).attributes) }
  if (isObject && (mediaMsgData instanceof Model || !(data.id instanceof MsgKeyOfBuild)))
    throw new TypeError("Cannot read properties of undefined (reading 'fromMe')")
  if (!String(data.from).endsWith('@c.us') && !String(data.from).endsWith('@lid'))
    throw new TypeError('matWidConvert: not a wid')
  if (isObject && 'messageSecret' in data) data.mediaKey = btoa('another secret'.padEnd(32))
  const model = new MsgModel({ ...data, author: myPhoneWid(), ack: 0, isNewMsg: true })
  if (!isOn('status_elsewhere')) Msg.add(model)
  try {
    if (typeof beforeSend !== 'function') throw new TypeError('beforeSend is not a function')
    if (isOn('status_upload_fails')) throw new Error('upload failed')
    await beforeSend(model)
  } catch {
    return isObject ? { messageSendResult: 'ERROR_UPLOAD' } : undefined
  }
  const content = { ...toSent(model.attributes), chat: String(data.id.remote), t: model.get('t') ?? 0 }
  const { ack, result } = await connection().ask('send', content)
  model.set({ ack })
  return isObject ? { messageSendResult: result, msg: model } : undefined
}

/** Puts what was uploaded into a message; returns it. */
function updateMedia(message: unknown, media: object): unknown {
  if (!(message instanceof MsgModel)) throw new TypeError('WAWebMediaUpdateMsg: no message')
  const { directPath, mediaKey, filehash, encFilehash, mediaKeyTimestamp } = media as MsgModel['attributes']
  message.set({ directPath, mediaKey, filehash, encFilehash, mediaKeyTimestamp })
  return message
}

/** The account's own posts; the real model has them all. */
const mine = new Model({})

async function sendStatusRevokeMsgAction(status: unknown, message: unknown): Promise<void> {
  if (status !== mine || !(message instanceof MsgModel))
    throw new TypeError("Cannot read properties of undefined (reading 'id')")
  await connection().ask('act', { id: message.get('id')?.id ?? '', act: { kind: 'revoke' } })
}

export const myStatus = { getMyStatus: () => mine }

/** Defines the modules of this file. */
export function defineStatus(): void {
  defineModule('WAWebSendStatusMsgAction', { sendStatusTextMsgAction, sendStatusMediaMsgAction })
  defineModule('WAWebMediaUpdateMsg', updateMedia)
  defineModule('WAWebRevokeStatusAction', { sendStatusRevokeMsgAction })
}
