"""SOAP (Vyas et al. 2024, arXiv:2409.11321): Adam in the eigenbasis of what gradients correlate; the same constants as soap.cpp and adam.cpp."""
import torch

FIRST_TURN, TURN_EVERY, LARGEST = 20, 10, 1024  # steps, steps, dimensions
GRAM_DECAY = 0.99


class Soap(torch.optim.Optimizer):
    """Groups of parameters with "lr" and "basis": whether they are weights [a, b, ...] to be rotated, or only seen by Adam."""

    def __init__(self, groups, lr):
        super().__init__(groups, {"lr": lr, "basis": False})
        self.place = {p: i for i, p in enumerate(p for g in self.param_groups for p in g["params"])}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._move(p, group["lr"], group["basis"])

    def _move(self, p, lr, rotates):
        g = p.grad.reshape(p.shape[0], p.shape[1], -1) if rotates else p.grad
        state = self.state[p]
        if not state:
            state.update(step=0, m=torch.zeros_like(g), v=torch.zeros_like(g), bases=None)
            state["grams"] = [torch.zeros(n, n, device=p.device) if 1 < n <= LARGEST else None for n in g.shape] if rotates else []
        state["step"] += 1
        for d, gram in enumerate(state["grams"]):
            if gram is not None:
                unfolded = g.movedim(d, 0).flatten(1)
                gram.lerp_(unfolded @ unfolded.T, 1 - GRAM_DECAY)
        if state["bases"]:
            g = rotate(g, state["bases"])
        beta2 = 0.99 if rotates else 0.999
        state["m"].lerp_(g, 0.1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        root = (state["v"] / (1 - beta2 ** state["step"])).sqrt_().add_(1e-8)
        direction = state["m"] / (1 - 0.9 ** state["step"]) / root
        if state["bases"]:
            direction = rotate_back(direction, state["bases"])
        p.sub_(direction.reshape(p.shape), alpha=lr)
        if rotates and state["step"] >= FIRST_TURN and (state["step"] + self.place[p]) % TURN_EVERY == 0:
            turn(state)


def rotate(x, bases):
    for d, basis in enumerate(bases):
        if basis is not None:
            x = (basis.T @ x.movedim(d, 0).flatten(1)).unflatten(1, [n for i, n in enumerate(x.shape) if i != d]).movedim(0, d)
    return x


def rotate_back(x, bases):
    return rotate(x, [None if basis is None else basis.T for basis in bases])


def turn(state):
    """Turns the bases to where the averages point now, and with them m and v."""
    grams, first = state["grams"], state["bases"] is None
    if first:
        pairs = [None if gram is None else torch.linalg.eigh(gram) for gram in grams]
        bases = [None if pair is None else pair[1].flip(1) for pair in pairs]
        total, v = state["v"].sum(), torch.ones_like(state["v"])
        for d, pair in enumerate(pairs):
            if pair is not None:
                v = v * pair[0].clamp(min=0).flip(0).reshape([-1 if i == d else 1 for i in range(v.dim())])
        state["v"] = v * (total / v.sum().clamp(min=1e-30))
    else:
        state["m"] = rotate_back(state["m"], state["bases"])
        bases = []
        for d, (gram, basis) in enumerate(zip(grams, state["bases"])):
            if gram is None:
                bases.append(None)
                continue
            product = gram @ basis
            order = (basis * product).sum(0).argsort(descending=True)
            state["v"] = state["v"].index_select(d, order)
            bases.append(torch.linalg.qr(product[:, order])[0])
    state["bases"] = bases
    state["m"] = rotate(state["m"], bases)
