/** Operations on the toolsets of an MCP connection. They are tools only: REST has every operation. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { TOOLSET_NAMES } from '../model/toolsets.ts'
import { facts, lines, quoted } from './brief.ts'
import { defineOperation } from './operation.ts'

const Answer = z.object({
  toolsets: z.array(
    z.object({ name: z.enum(TOOLSET_NAMES), on: z.boolean(), tools: z.int(), purpose: z.string() }),
  ),
})

const shared = {
  tag: 'link',
  effect: 'read',
  scope: 'read',
  toolset: null,
  needs: 'toolsets',
  routes: [],
  output: Answer,
  brief: {
    text: ({ toolsets }: z.output<typeof Answer>) =>
      lines(
        toolsets.map(({ name, purpose, ...state }) => `${name}: ${facts(state)}, for ${quoted(purpose)}`),
      ),
  },
} as const

export const listToolsets = defineOperation({
  ...shared,
  name: 'list_toolsets',
  title: 'Toolsets',
  description:
    'Returns the toolsets that this connection may use: what each is for, how many tools it has, and whether it is on. Call it if no tool fits the task. To switch one on, use {{enable_toolset}}. The user can switch it on for every session: with ?toolsets=core,people in the URL of this server.',
  routes: [],
  input: z.strictObject({}),
  errors: [],
  example: { input: {} },
  run: (_, { toolsets }) => ({ toolsets: toolsets.list() }),
})

export const enableToolset = defineOperation({
  ...shared,
  name: 'enable_toolset',
  title: 'Switch a toolset on',
  description:
    'Switches a toolset on until this session ends: its tools are in the list of tools from now on. {{list_toolsets}} names the toolsets.',
  routes: [],
  input: z.strictObject({ toolset: z.enum(TOOLSET_NAMES).describe('Its name.') }),
  errors: [],
  example: { input: { toolset: 'people' } },
  async run({ toolset }, { toolsets }) {
    if (!(await toolsets.enable(toolset)))
      fail('invalid_input', {
        detail: `This connection may not use the toolset "${toolset}".`,
        hint: 'Use one of {{list_toolsets}}. The user allows others in WHATSAPP_MCP_TOOLSETS, or in the URL of this server.',
      })
    return { toolsets: toolsets.list() }
  },
})
