/** Defines a command that is one operation of the running server. */
import { serverOf } from './client.ts'
import { type Command, defineCommand, type Flags, type Given } from './command.ts'
import { CLIENT_SETTINGS, json, secretOut, server, yes } from './commands/flags.ts'
import type { Shows } from './lines.ts'

type OperationRow<Own extends Flags> = Omit<Command<Own>, 'settings' | 'exits' | 'run'> & {
  /** Name of the operation. Its fields come from the arguments that {@link Command.fields} names; omitted ones are not sent. */
  operation: string
  /** Fields that it always sends. */
  always?: Readonly<Record<string, string>>
  /** How its output is shown to people. Default: as lines `name: value`. */
  shows?: Shows
  /** Set if its output has a secret, which is shown once. Adds the flag `--out`; a new secret needs a new file. */
  secret?: 'new' | 'replaced'
  /** The question before it runs, with `ID` for the first argument. Adds the flag `--yes`. */
  asks?: string
}

/** Returns the command. It takes the flags of every client, and `--json`. */
export function defineOperationCommand<const Own extends Flags>({
  operation: id,
  always = {},
  shows,
  secret,
  asks,
  ...row
}: OperationRow<Own>): Command {
  const special = {
    ...(secret === undefined ? {} : { out: secretOut }),
    ...(asks === undefined ? {} : { yes }),
  }
  return defineCommand<Flags>({
    ...row,
    flags: { ...row.flags, ...special, json, ...server },
    settings: CLIENT_SETTINGS,
    exits: ['notRunning'],
    run: async (given) => {
      const { runOperation } = await import('./run-operation.ts')
      const { flags, operands } = given
      const fields = { ...fieldsOf(row, given), ...always }
      return runOperation(serverFor(given, fields), {
        id,
        fields,
        shows,
        secret,
        question: asks === undefined || flags.yes === true ? null : asks.replace('ID', operands[0] ?? ''),
        line: `${row.name} ${operands.join(' ')} --yes`,
        json: flags.json === true,
        ids: flags.ids === true,
        out: String(flags.out ?? ''),
      })
    },
  })
}

/** Returns the fields of the operation that were given, as text. */
function fieldsOf(
  { fields = {}, operands }: Pick<Command, 'fields' | 'operands'>,
  given: Given,
): Record<string, string> {
  const filled = Object.entries(fields).flatMap(([field, argument]) => {
    const value = argument.startsWith('--')
      ? given.flags[argument.slice(2)]
      : given.operands[operands.indexOf(argument)]
    return value === undefined || value === '' || value === false ? [] : [[field, String(value)] as const]
  })
  return Object.fromEntries(filled)
}

/** Returns the server of the flags. An account that is a field of the operation does not select the server's account. */
function serverFor({ flags, settings }: Given, fields: Readonly<Record<string, string>>) {
  const { url = '', account = '', 'key-file': file = '' } = flags
  const selects = account !== '' && !('account' in fields)
  return serverOf({
    settings,
    flags: {
      url: String(url),
      'key-file': String(file),
      ...(selects ? { account: String(account) } : {}),
    },
  })
}
