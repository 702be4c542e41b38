/** Rejecting calls. */
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * Only by the page's own calling engine: since September 2026 the stanza that the library sends ends nothing, without a word
 * (OpenWA PR #1645). What the engine answers is no proof either: the call must stop ringing.
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
