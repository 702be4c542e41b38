/** Labels of business accounts (`Label` of WAWebCollections): what the page shows of them, and `addOrRemoveLabels`. */
import type { WorldLabel } from '../world-types.ts'
import { Collection } from './collection.ts'
import { declareProps, Model } from './model.ts'
import type { ChatModel } from './models.ts'
import { connection } from './page.ts'

type LabelProps = { id: string; name: string; color: number; hexColor: string; count: number }

class LabelModel extends Model<LabelProps> {}

declareProps(LabelModel, 'id name color hexColor count')

/** The palette of WhatsApp Web begins with these. */
const palette = ['#ff9485', '#64c4ff', '#ffd429', '#dfaef0', '#99b6c1']

class LabelCollection extends Collection<LabelModel> {
  /** Takes the same actions for all chats; resolves when the request is sent, and says nothing of unknown labels. */
  async addOrRemoveLabels(
    actions: { id: string; type: 'add' | 'remove' }[],
    chats: ChatModel[],
  ): Promise<void> {
    const of = (type: 'add' | 'remove'): string[] =>
      actions.filter((action) => action.type === type).map(({ id }) => id)
    for (const chat of chats)
      await connection().ask('label_chat', { chat: chat.key(), add: of('add'), remove: of('remove') })
  }
}

export const Labels: LabelCollection = new LabelCollection()

export function learnLabel({ id, name, color }: WorldLabel): void {
  const model = Labels.get(id) ?? Labels.add(new LabelModel({ id, count: 0 }))
  model.set({ name, color, hexColor: palette[color % palette.length] })
}
