/** A scripted agent: it has a task, the tools, and no words but those of its task and of what it was told since. */
import type { Client } from '@modelcontextprotocol/client'
import { expect } from 'vitest'

export type Agent = {
  /** Calls a tool; its structured content, or that of nothing where it failed (see {@link Agent.failures}). */
  // biome-ignore lint/suspicious/noExplicitAny: a script looks at whatever came back
  call(tool: string, args?: Record<string, unknown>): Promise<any>
  /**
   * Two calls: looks at the toolsets and switches on the one whose purpose has this word. Fails unless exactly one has it: then
   * an agent would have to guess.
   */
  toolsetFor(word: string): Promise<void>
  /** How many calls it has made. */
  calls(): number
  /** Texts of the calls that failed. */
  failures: string[]
}

/** A time that an agent works out from "Monday" and the clock. */
const TIME = /^\d{4}-\d\d-\d\dt[\d:.]+(z|[+-]\d\d:\d\d)$/

/**
 * An agent with this task. It calls only tools that are listed, and every text that it passes to one must stand in the task, in
 * the tools' definitions or in an earlier answer: a script that knows more than an agent would is no proof.
 */
export async function openAgent(client: Client, task: string): Promise<Agent> {
  const known = [task]
  const failures: string[] = []
  let offered: string[] = []
  let calls = 0
  async function look() {
    const { tools } = await client.listTools()
    offered = tools.map(({ name }) => name)
    known.push(JSON.stringify(tools))
  }
  const agent: Agent = {
    failures,
    calls: () => calls,
    async call(tool, args = {}) {
      const heard = fold(known.join('\n'))
      const isKnown = (word: string) => heard.includes(word) || TIME.test(word)
      const madeUp = textsIn(args).filter((text) => !wordsOf(text).every(isKnown))
      expect(madeUp, 'words that an agent cannot know').toEqual([])
      expect(offered, 'the tools that are listed').toContain(tool)
      calls += 1
      const result = await client.callTool({ name: tool, arguments: args })
      const texts = result.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      known.push(...texts, JSON.stringify(result.structuredContent ?? {}))
      if (result.isError) failures.push(texts.join('\n'))
      // Its tools are listed from now on.
      if (tool === 'whatsapp_enable_toolset') await look()
      return result.structuredContent ?? {}
    },
    async toolsetFor(word) {
      const { toolsets } = await agent.call('whatsapp_list_toolsets')
      const fitting = toolsets.filter(({ purpose }: { purpose: string }) => fold(purpose).includes(word))
      expect(fitting, `toolsets whose purpose has "${word}"`).toHaveLength(1)
      await agent.call('whatsapp_enable_toolset', { toolset: fitting[0].name })
    },
  }
  await look()
  return agent
}

/** Every text within arguments; numbers and switches are anybody's. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** A star at the end of a word is a search's own; commas separate what is looked for. */
function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[\s,]+/)
    .map((word) => word.replace(/\*$/, ''))
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll('\\"', '"')
}
