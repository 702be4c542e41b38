/** Status updates of the account: posting text, and deleting (WAWebSendStatusMsgAction, WAWebRevokeStatusAction). */
import { isOn } from '../faults.ts'
import { MsgKeyOfBuild } from '../keys.ts'
import { Model } from '../model.ts'
import { MsgModel } from '../msg-model.ts'
import { boot, connection } from '../page.ts'
import { myPhoneWid } from '../people.ts'
import { defineModule } from '../registry.ts'
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
  defineModule('WAWebSendStatusMsgAction', { sendStatusTextMsgAction })
  defineModule('WAWebRevokeStatusAction', { sendStatusRevokeMsgAction })
}
