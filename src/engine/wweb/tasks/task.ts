/** What a task is, in the page. */
import type { Ability } from '../../../model/ability.ts'
import type { TaskInput, TaskKind, TaskResult } from '../../../model/task.ts'
import type { PageModuleTools } from '../compat/page-modules.ts'
import type { PageTasks } from '../page-tasks.ts'
import type { PageWindow as Page } from '../page-types.ts'
import type { ChatRow } from '../raw.ts'

/** Why a task was not done. performing.ts has the error for each. */
export type TaskProblem =
  /** WhatsApp Web has no such chat. */
  | 'missing'
  /** The number is not on WhatsApp. */
  | 'nobody'
  | 'not_member'
  | 'not_admin'
  /** The invite is not valid. */
  | 'no_invite'
  /** The account has no such label. */
  | 'no_label'
  /** Only business accounts have it. */
  | 'not_business'
  | 'full'
  /** WhatsApp limits how often. */
  | 'too_many'
  /** The group must be left first. */
  | 'is_member'
  /** The person is this account itself. */
  | 'own_number'
  /** One of the members is this account itself. */
  | 'own_membership'
  | 'refused'
  /** Nothing shows whether it was done. */
  | 'open'
  /** The server did not take it. */
  | 'failed'
  /** The picture cannot be read, or has too few or too many pixels. */
  | 'bad_picture'
  /** The server does not say. */
  | 'not_said'
  /** The call does not ring. */
  | 'no_call'
  /** The chat has unread messages. */
  | 'unread'
  /** This page cannot do it. */
  | 'not_here'
  /** Its time was up before. */
  | 'not_begun'

/** `partly`: what was done before the problem. */
export type TaskDone<K extends TaskKind = TaskKind> =
  | { gives: TaskResult<K>; chat: ChatRow | null; problem?: undefined }
  | { problem: TaskProblem; partly?: string[] }

export type PageTask<K extends TaskKind> = {
  ability: Ability
  /**
   * Runs in the page, sent as text: it may use nothing from outside itself but `window`. Reports what WhatsApp's server says,
   * because the page and the library also resolve for what was refused. It does not begin after `endsAt`, in Unix milliseconds.
   */
  run(takes: TaskInput<K>, endsAt: number): Promise<TaskDone<K>>
}

/** The page's `window`, as tasks use it. */
export type TaskWindow = {
  whatsappMcpTasks: PageTasks
  whatsappMcpRows: Page['whatsappMcpRows']
  whatsappMcpModules: Pick<PageModuleTools, 'ensure'>
}
