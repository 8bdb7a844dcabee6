// Vercel AI SDK: wrapLanguageModel({ model, middleware: inlay({ url: 'http://127.0.0.1:8080', key }) }). Streams stay streams.
const textOf = content => (typeof content === 'string' ? content : content.map(part => part.text ?? '').join(''));

export function inlay({ url, key }) {
	const post = async (path, body) => {
		const headers = { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) };
		const reply = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(2000) });
		if (!reply.ok) throw Error(`Inlay answers ${reply.status}`);
		return reply.json();
	};
	const asked = params => ({ messages: params.prompt.map(m => ({ role: m.role, content: textOf(m.content) })) });
	const isText = params => (params.responseFormat?.type ?? 'text') === 'text'; // structure stays as it is

	async function wrapGenerate({ doGenerate, params }) {
		const result = await doGenerate();
		if (!isText(params)) return result;
		const linked = part => (part.type !== 'text' ? part : post('/v1/insert', { ...asked(params), answer: part.text })
			.then(reply => ({ ...part, text: reply.answer }), () => part));
		return { ...result, content: await Promise.all(result.content.map(linked)) };
	}

	// One short call a delta. After a failed one the rest passes, and first what Inlay held back.
	async function wrapStream({ doStream, params }) {
		const { stream, ...rest } = await doStream();
		const open = new Map(); // by id of a text
		const say = async (t, delta, end) => {
			if (t.dead) return delta;
			try {
				const first = t.seq === 0;
				const reply = await post('/v1/insert/stream', { ...(first ? asked(params) : { stream: t.stream }), seq: ++t.seq, delta, ...(end ? { end } : {}) });
				t.stream = reply.stream;
				const all = Buffer.concat([t.held, Buffer.from(delta)]);
				t.held = all.subarray(all.length - reply.held);
				return reply.delta;
			} catch {
				t.dead = true;
				return t.held.toString() + delta;
			}
		};
		const transform = async (part, to) => {
			const t = open.get(part.id);
			if (part.type === 'text-start') open.set(part.id, { seq: 0, held: Buffer.alloc(0), dead: !isText(params) });
			if (part.type === 'text-end' && t) {
				const delta = await say(t, '', true);
				if (delta) to.enqueue({ type: 'text-delta', id: part.id, delta });
			}
			if (part.type !== 'text-delta' || !t) return to.enqueue(part);
			const delta = await say(t, part.delta);
			return delta && to.enqueue({ ...part, delta });
		};
		return { stream: stream.pipeThrough(new TransformStream({ transform })), ...rest };
	}
	return { specificationVersion: 'v3', wrapGenerate, wrapStream };
}
