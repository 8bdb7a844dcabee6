// LangChain: withLinks(model, { url: 'http://127.0.0.1:8080', key }) is a runnable that answers as the model does, with links. It gives the answer
// whole: for streams let ChatOpenAI's configuration.baseURL be Inlay's instead.
import { RunnableLambda } from '@langchain/core/runnables';

const roles = { human: 'user', ai: 'assistant', system: 'system' };
const turnsOf = input => (typeof input === 'string' ? [{ role: 'user', content: input }]
	: (input.toChatMessages?.() ?? input).map(m => ({ role: roles[m.getType?.()] ?? m.role ?? 'user', content: m.text ?? String(m.content) })));

export function withLinks(model, { url, key }) {
	return RunnableLambda.from(async (input, options) => {
		const message = await model.invoke(input, options);
		if (typeof message.content !== 'string' || !message.content) return message;
		try {
			const reply = await fetch(url + '/v1/insert', {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
				body: JSON.stringify({ messages: turnsOf(input), answer: message.content }),
				signal: AbortSignal.timeout(2000),
			});
			if (reply.ok) message.content = (await reply.json()).answer;
		} catch {
			// never let advertising cost a reader the answer
		}
		return message;
	});
}
