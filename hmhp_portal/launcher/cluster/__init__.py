"""`./portal demo --kubeconfig FILE`: the demo's platform on the reader's own cluster.

In comes what the command line said (`Wish`), out goes what is settled for the life of the data folder
(`cluster.json`): where the cluster is, which namespaces are used, which image every component runs. Every
obstacle is one line. Called by `serve` before anything else starts; nothing outside of the namespaces that
carry the mark of this folder is ever written.
"""
