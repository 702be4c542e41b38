/** What a task is, in the page. */
import type { Ability } from '../../../model/ability.ts'
import type { TaskInput, TaskKind, TaskResult } from '../../../model/task.ts'
import type { PageModuleTools } from '../compat/page-modules.ts'
import type { PageTasks } from '../page-tasks.ts'
import type { PageWindow as Page } from '../page-types.ts'
import type { ChatRow } from '../raw.ts'

/**
 * Why a task was not done. `missing`: WhatsApp Web has no such chat. `nobody`: the number is not on WhatsApp. `is_member`: the
 * group must be left first. `own_number`: it is this account itself. `own_membership`: so is one of the members. `not_business`: only business accounts have it. `open`: nothing shows whether it was done. `too_many`: WhatsApp limits how often. `failed`: the
 * server did not take it. `bad_picture`: it cannot be read, or has too few or too many pixels. `not_said`: the server does not say. `no_call`: it does not ring. `unread`: the chat has unread messages. `not_here`: this page cannot do it. `not_begun`: its time was up before.
 */
export type TaskProblem =
  | 'missing'
  | 'nobody'
  | 'not_member'
  | 'not_admin'
  | 'no_invite'
  | 'no_label'
  | 'not_business'
  | 'full'
  | 'too_many'
  | 'is_member'
  | 'own_number'
  | 'own_membership'
  | 'refused'
  | 'open'
  | 'failed'
  | 'bad_picture'
  | 'not_said'
  | 'no_call'
  | 'unread'
  | 'not_here'
  | 'not_begun'

/** `partly`: what was done before the problem. */
export type TaskDone<K extends TaskKind = TaskKind> =
  | { gives: TaskResult<K>; chat: ChatRow | null; problem?: undefined }
  | { problem: TaskProblem; partly?: string[] }

export type PageTask<K extends TaskKind> = {
  ability: Ability
  /**
   * Runs in the page, sent as text: it may use nothing from outside itself but `window`. Reports what WhatsApp's server says:
   * the page and the library resolve alike for what was refused. It does not begin after `endsAt`, in Unix milliseconds.
   */
  run(takes: TaskInput<K>, endsAt: number): Promise<TaskDone<K>>
}

/** The page's `window`, as tasks use it. */
export type TaskWindow = {
  whatsappMcpTasks: PageTasks
  whatsappMcpRows: Page['whatsappMcpRows']
  whatsappMcpModules: Pick<PageModuleTools, 'ensure'>
}
