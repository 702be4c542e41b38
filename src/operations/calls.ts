/** Operations on calls to this account. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { defineOperation } from './operation.ts'
import { ok } from './reading.ts'
import { CHANGE, perform } from './tasks.ts'

export const rejectCall = defineOperation({
  ...CHANGE,
  name: 'reject_call',
  title: 'Reject a call',
  description:
    'Rejects a call that rings: it stops on every device, and the caller sees it. The id is the call_id of call.incoming ({{list_events}}). It needs a build of WhatsApp Web that can call; on others it is refused, and the call rings on. Reject only if the user asks for it.',
  tag: 'contacts',
  toolset: 'people',
  scope: 'manage',
  effect: 'write',
  uses: ['reject_call'],
  routes: ['POST /api/calls/{call_id}/reject'],
  input: z.strictObject({
    call_id: z
      .string()
      .regex(/^[\w-]{6,64}$/, 'must be the call_id of call.incoming')
      .describe('Id of the call.'),
  }),
  output: z.object({ ok, call_id: z.string() }),
  errors: [...CHANGE.errors, 'call_not_found'],
  example: { input: { call_id: '5F2C1A9B7D3E4F60' } },
  brief: { text: ({ call_id }) => `Rejected ${call_id}` },
  async run({ call_id: call }, granted) {
    // Who calls is known only as the call begins.
    if (!granted.seesAll) fail('call_not_found')
    await perform('reject_call', { call }, granted)
    return { ok: true as const, call_id: call }
  },
})
