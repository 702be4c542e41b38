/** What an action on a message is, in the page. */
import type { Ability } from '../../../model/ability.ts'
import type { Action, ActionOf } from '../../../model/action.ts'
import type { PageModuleTools } from '../compat/page-modules.ts'
import type { PageActs } from '../page-acts.ts'
import type { MsgModel, PageWindow as Page, Wid } from '../page-types.ts'
import type { Done } from '../raw.ts'

export type PageAct<K extends Action['kind']> = {
  ability: Ability
  /**
   * Runs in the page, sent as text: it may use nothing from outside itself but `window`. Asks WhatsApp Web first whether
   * it allows the action, and then waits until its result shows: WhatsApp Web and the library ignore in silence what they
   * do not allow.
   * It does not begin after `endsAt`, in Unix milliseconds.
   */
  run(keys: readonly string[], action: ActionOf<K>, endsAt: number): Promise<Done>
}

type Check = (message: MsgModel) => boolean
type Command = (chat: unknown, messages: unknown, options?: unknown) => unknown

/** The modules of WhatsApp Web that actions use (whatsapp-web.js 1.34.7: Message.js, Utils.js; builds of 2026). */
type Modules = {
  WAWebMsgActionCapability: {
    canEditText: Check
    canEditCaption: Check
    canSenderRevokeMsg: Check
    canAdminRevokeMsg: Check
    canStarMsg: Check
    /** Not known of all builds. */
    canPinMsg?: Check
    canDeleteMsg?: Check
    canForwardMsg?: Check
  }
  WAWebCmd: { Cmd: Record<'sendRevokeMsgs' | 'sendDeleteMsgs' | 'sendStarMsgs' | 'sendUnstarMsgs', Command> }
  WAWebSendReactionMsgAction: {
    sendReactionToMsg(message: MsgModel, emoji: string): Promise<{ messageSendResult?: string } | undefined>
  }
  WAWebSendMessageEditAction: {
    sendMessageEdit(message: MsgModel, text: string, options: { mentionedJidList: Wid[] }): Promise<void>
  }
  WAWebSendPinMessageAction: {
    /** 1 pins, 2 takes the pin back. */
    sendPinInChatMsg(
      message: MsgModel,
      type: 1 | 2,
      option?: unknown,
    ): Promise<{ messageSendResult?: string } | null>
  }
  WAWebPollsSendVoteMsgAction: {
    sendVote(message: MsgModel, localIds: Set<number>): Promise<{ messageSendResult?: string } | undefined>
  }
  WAWebPinMsgConstants: {
    /** The name of a time; not in all builds. */
    getPinExpiryOption?(seconds: number): unknown
    getPinExpiryDuration(option: unknown): unknown
  }
}

/** The page's `window`, as actions use it. */
export type ActWindow = {
  require<Name extends keyof Modules>(name: Name): Modules[Name]
  whatsappMcpActs: PageActs
  whatsappMcpRows: Page['whatsappMcpRows']
  whatsappMcpKey: Page['whatsappMcpKey']
  whatsappMcpModules: Pick<PageModuleTools, 'ensure'>
  WWebJS: Pick<Page['WWebJS'], 'getChat'>
}
