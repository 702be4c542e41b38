/** The completion scripts, run by the shells that are installed. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from './commands.ts'
import { renderCompletion } from './completion.ts'
import type { Shell } from './shells.ts'

const isInstalled = (shell: Shell) => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** The line as it is typed: the last word is completed. */
const LINES: [line: string, offers: string[], not: string[]][] = [
  ['', ['serve', 'chats', 'webhooks'], ['create']],
  ['mess', ['messages'], ['chats']],
  ['webhooks ', ['create', 'deliveries'], ['serve']],
  ['webhooks create --', ['--kinds', '--out', '--json', '--help'], ['--state']],
  ['webhooks deliveries wh_1 --st', ['--state'], ['--limit']],
  ['archive export --format ', ['jsonl', 'text'], ['--out']],
  ['chats --u', ['--unread', '--url'], ['--ids']],
]

describe.skipIf(!isInstalled('bash'))('bash', () => {
  const complete = (line: string) => {
    const words = ['whatsapp-mcp-api', ...line.split(' ')]
    const script = `${renderCompletion('bash', COMMANDS)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_whatsapp_mcp_api; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: '/' })
    expect(stderr).toBe('')
    return stdout.trim().split('\n')
  }

  it.each(LINES)('completes "%s"', (line, offers, not) => {
    const found = complete(line)
    expect(found).toEqual(expect.arrayContaining(offers))
    for (const word of not) expect(found).not.toContain(word)
  })

  it('completes the names of files after a flag that takes one', () => {
    expect(complete('call upload_file --file et')).toEqual(['etc'])
    expect(complete('call upload_file --type ')).toEqual([''])
  })
})

describe.skipIf(!isInstalled('fish'))('fish', () => {
  it.each(LINES)('completes "%s"', (line, offers, not) => {
    const script = `${renderCompletion('fish', COMMANDS)}\ncomplete -C 'whatsapp-mcp-api ${line}'`
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' })
    expect(stderr).toBe('')
    const found = stdout.split('\n').map((one) => one.split('\t')[0])
    expect(found).toEqual(expect.arrayContaining(offers))
    for (const word of not) expect(found).not.toContain(word)
  })
})

it('zsh runs the function of bash', () => {
  const script = renderCompletion('zsh', COMMANDS)
  expect(script.split('\n')[0]).toBe('autoload -U +X bashcompinit && bashcompinit')
  expect(script.split('\n').slice(1).join('\n')).toBe(renderCompletion('bash', COMMANDS))
  if (isInstalled('zsh'))
    expect(
      spawnSync('zsh', ['-fc', `autoload -Uz compinit && compinit -D\n${script}`], { encoding: 'utf8' }),
    ).toMatchObject({
      status: 0,
      stderr: '',
    })
})
