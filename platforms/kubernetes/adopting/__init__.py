"""Taking over what a team runs already, as the first colour, without starting anything anew.

`inventory` lists a namespace, `finding` ties components to workloads and says what cannot be taken over,
`changing` says what would change, `taking` does it; `pods` tells afterwards which pods such a colour has:
they carry no labels of ours, since a pod template that changes would restart them all.
"""
