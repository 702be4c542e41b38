/** The confirmation of a command that deletes. */
import { CommandError, EXIT } from './exit-codes.ts'
import { canAsk, confirm } from './terminal.ts'

/**
 * Asks the person. Resolves with true only for an explicit yes. Otherwise prints that the command was cancelled.
 * @param line the command line that confirms without a question, such as `keys revoke key_1 --yes`
 * @throws CommandError without a terminal
 */
export async function isConfirmed(line: string, question: () => Promise<string> | string): Promise<boolean> {
  if (!canAsk()) {
    throw new CommandError(
      'This asks for confirmation, which requires a terminal.',
      `Confirm with: whatsapp-mcp-api ${line}`,
      EXIT.wrongSetting,
    )
  }
  if (await confirm(await question())) return true
  process.stderr.write('Cancelled.\n')
  return false
}
