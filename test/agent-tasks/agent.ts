/** A scripted agent: it has a task, the tools, and no words but those of its task and of what it was told since. */
import type { Client } from '@modelcontextprotocol/client'
import { expect } from 'vitest'

export type Agent = {
  /** Calls a tool; its structured content, or that of nothing where it failed (see {@link Agent.failures}). */
  // biome-ignore lint/suspicious/noExplicitAny: a script looks at whatever came back
  call(tool: string, args?: Record<string, unknown>): Promise<any>
  /** How many calls it has made. */
  calls(): number
  /** Texts of the calls that failed. */
  failures: string[]
}

/**
 * An agent with this task. Every text that it passes to a tool must stand in the task, in the tools' definitions or in an
 * earlier answer: a script that knows more than an agent would is no proof.
 */
export async function openAgent(client: Client, task: string): Promise<Agent> {
  const known = [task, JSON.stringify((await client.listTools()).tools)]
  const failures: string[] = []
  let calls = 0
  return {
    failures,
    calls: () => calls,
    async call(tool, args = {}) {
      const heard = fold(known.join('\n'))
      const madeUp = textsIn(args).filter((text) => !wordsOf(text).every((word) => heard.includes(word)))
      expect(madeUp, 'words that an agent cannot know').toEqual([])
      calls += 1
      const result = await client.callTool({ name: tool, arguments: args })
      const texts = result.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      known.push(...texts, JSON.stringify(result.structuredContent ?? {}))
      if (result.isError) failures.push(texts.join('\n'))
      return result.structuredContent ?? {}
    },
  }
}

/** Every text within arguments; numbers and switches are anybody's. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** A star at the end of a word is a search's own. */
function wordsOf(text: string): string[] {
  return fold(text)
    .split(/\s+/)
    .map((word) => word.replace(/\*$/, ''))
}

function fold(text: string): string {
  return text.toLowerCase().replaceAll('\\"', '"')
}
