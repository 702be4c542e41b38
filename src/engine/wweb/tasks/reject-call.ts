/** Rejecting calls. */
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * Uses the page's own calling engine: since September 2026 the stanza that the library sends has no effect, and no error
 * (OpenWA PR #1645). The result of the calling engine is no proof either: the call must stop ringing.
 */
export const rejectCall: PageTask<'reject_call'> = {
  ability: 'reject_call',
  run({ call }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<null>(endsAt, async () => {
      const calls = Object.values(await tasks.need<object>('WAWebCallCollection'))
      const ringing = calls.find((one) => one instanceof Map) as Map<unknown, { id?: unknown }> | undefined
      const isRinging = {
        now: () => [...(ringing ?? [])].some(([key, { id }]) => String(id ?? key) === call),
      }
      if (!isRinging.now()) return { problem: 'no_call' }
      const { getVoipStackInterface } = await tasks.need<Voip>('WAWebVoipStackInterface')
      const stack = await getVoipStackInterface()
      if (typeof stack?.rejectCall !== 'function') return { problem: 'not_here' }
      await stack.rejectCall(call)
      return (await tasks.shown(() => !isRinging.now())) ? { gives: null } : { problem: 'open' }
    })
  },
}

type Voip = { getVoipStackInterface(): Promise<{ rejectCall?(id: string): Promise<unknown> } | null> }
